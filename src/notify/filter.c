#include "notify/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/sys.h"
#include "notify/handler.h"
#include "notify/uapi.h"

/* What else a machine of an architecture runs. */
static uint32_t companion_of(uint32_t arch)
{
    switch (arch) {
    case SCMP_ARCH_X86_64:
        return SCMP_ARCH_X86;
    case SCMP_ARCH_AARCH64:
        return SCMP_ARCH_ARM;
    default:
        return 0;
    }
}

/*
 * i386 has the address of sendto among the arguments that socketcall points to, where no
 * filter sees it: there, all are stopped.
 */
static int stop_if_address(scmp_filter_ctx context, int call, const struct handler *h)
{
    int failure = seccomp_rule_add(context, SCMP_ACT_NOTIFY, call, 1,
                                   SCMP_CMP((unsigned)h->address, SCMP_CMP_NE, 0, 0));

    if (failure == 0)
        failure = seccomp_rule_add(context, SCMP_ACT_NOTIFY, SCMP_SYS(socketcall), 1,
                                   SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)h->socketcall, 0));
    return failure;
}

/* libseccomp itself adds the rules for socketcall that go with those of the other calls. */
static int add_rules(scmp_filter_ctx context, bool datagrams)
{
    int failure = 0;

    for (const struct handler *h = handler_table; failure == 0 && h->name != NULL; h++) {
        int call = seccomp_syscall_resolve_name(h->name);
        if (h->address != 0)
            failure = datagrams ? stop_if_address(context, call, h) : 0;
        else if (h->socketcall != 0)
            failure = seccomp_rule_add(context, SCMP_ACT_NOTIFY, call, 0);
    }
    return failure;
}

/* A filter that allows all but what is to be stopped; NULL with *failure. */
static scmp_filter_ctx make(uint32_t arch, bool datagrams, int *failure)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    uint32_t companion = companion_of(arch), native = seccomp_arch_native();

    if (context == NULL) {
        *failure = -ENOMEM;
        return NULL;
    }
    *failure = arch == native ? 0 : seccomp_arch_add(context, arch);
    if (*failure == 0 && arch != native)
        *failure = seccomp_arch_remove(context, native);
    if (*failure == 0 && companion != 0)
        *failure = seccomp_arch_add(context, companion);
    if (*failure == 0)
        *failure = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    if (*failure == 0)
        *failure = add_rules(context, datagrams);
    if (*failure == 0)
        return context;
    seccomp_release(context);
    return NULL;
}

/* Reads the whole of a file in memory. */
static int read_program(int fd, struct filter *f)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -errno;
    struct sock_filter *code = malloc((size_t)st.st_size);
    if (code == NULL)
        return -ENOMEM;
    if (pread(fd, code, (size_t)st.st_size, 0) != st.st_size) {
        free(code);
        return -EIO;
    }
    f->program.filter = code;
    f->program.len = (unsigned short)((size_t)st.st_size / sizeof(*code));
    return 0;
}

int filter_make(struct filter *f, bool datagrams)
{
    int failure;
    scmp_filter_ctx context = make(seccomp_arch_native(), datagrams, &failure);

    if (context == NULL)
        return failure;
    int fd = memfd_create("filter", MFD_CLOEXEC);
    failure = fd < 0 ? -errno : seccomp_export_bpf(context, fd);
    if (failure == 0)
        failure = read_program(fd, f);
    if (fd >= 0)
        close(fd);
    seccomp_release(context);
    return failure;
}

void filter_free(struct filter *f)
{
    free(f->program.filter);
    f->program.filter = NULL;
}

int filter_print(uint32_t arch, bool datagrams, int fd)
{
    int failure;
    scmp_filter_ctx context = make(arch, datagrams, &failure);

    if (context == NULL)
        return failure;
    failure = seccomp_export_pfc(context, fd);
    seccomp_release(context);
    return failure;
}

static int load(const struct filter *f, unsigned long flags)
{
    return (int)sys_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, (long)flags, (long)&f->program);
}

int filter_install(const struct filter *f)
{
    const unsigned long listens = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    unsigned long flags = listens | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    int fd = load(f, flags);

    if (fd < 0 && errno == EINVAL)
        fd = load(f, flags = listens);
    if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        fd = load(f, flags);
    return fd;
}

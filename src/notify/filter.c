#include "notify/filter.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "linux/sys.h"
#include "notify/fd.h"
#include "notify/handler.h"

/* Returns the architecture that machines of another run as well, or 0. */
static uint32_t companion_of(uint32_t arch)
{
    switch (arch) {
    case SCMP_ARCH_X86_64:
        return SCMP_ARCH_X86;
    case SCMP_ARCH_AARCH64:
        return SCMP_ARCH_ARM;
    case SCMP_ARCH_S390X:
        return SCMP_ARCH_S390;
    default:
        return 0;
    }
}

/*
 * socketcall has the address in memory, where no filter can read it: all those calls are
 * stopped.
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

/*
 * libseccomp adds rules for socketcall to those of the other calls. An old one does not know
 * those that came later.
 */
static int add_rules(scmp_filter_ctx context, bool datagrams)
{
    int failure = 0;

    for (const struct handler *h = handler_table; failure == 0 && h->name != NULL; h++) {
        int call = seccomp_syscall_resolve_name(h->name);
        if (h->address != 0)
            failure = datagrams ? stop_if_address(context, call, h) : 0;
        else if (h->socketcall > 0 || (h->socketcall < 0 && call != __NR_SCMP_ERROR))
            failure = seccomp_rule_add(context, SCMP_ACT_NOTIFY, call, 0);
    }
    return failure;
}

static void release(scmp_filter_ctx *context)
{
    if (*context != NULL)
        seccomp_release(*context);
}

int filter_set_up(scmp_filter_ctx context, uint32_t arch, bool datagrams)
{
    uint32_t companion = companion_of(arch), native = seccomp_arch_native();
    int failure = context != NULL ? 0 : -ENOMEM;

    if (failure == 0 && arch != native)
        failure = seccomp_arch_add(context, arch);
    if (failure == 0 && arch != native)
        failure = seccomp_arch_remove(context, native);
    if (failure == 0 && companion != 0)
        failure = seccomp_arch_add(context, companion);
    if (failure == 0)
        failure = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    return failure != 0 ? failure : add_rules(context, datagrams);
}

int filter_make(struct sock_fprog *f, bool datagrams)
{
    __attribute__((cleanup(release))) scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    FD_OWNER int fd = memfd_create("filter", MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    int failure = filter_set_up(context, seccomp_arch_native(), datagrams);
    if (failure == 0)
        failure = seccomp_export_bpf(context, fd);
    if (failure != 0)
        return failure;
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    void *code = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (code == MAP_FAILED)
        return -errno;
    *f = (struct sock_fprog){(unsigned short)(size / sizeof(f->filter[0])), code};
    return 0;
}

void filter_free(struct sock_fprog *f)
{
    if (f->filter != NULL)
        munmap(f->filter, f->len * sizeof(f->filter[0]));
    f->filter = NULL;
}

/* Without an argument: EFAULT, if the kernel knows this operation, which came in the same version. */
bool filter_hangs_up(int listener)
{
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, NULL) != 0 && errno == EFAULT;
}

bool filter_is_unused(int listener)
{
    return (sys_poll(listener, 0, 0) & POLLHUP) != 0;
}

/* Without a filter: EFAULT, if the kernel knows the flags. */
bool filter_waits_killable(void)
{
    return sys_seccomp(SECCOMP_SET_MODE_FILTER,
                       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                       NULL) != 0 &&
           errno == EFAULT;
}

int filter_install(const struct sock_fprog *f)
{
    const unsigned long listens = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    unsigned long flags = listens | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    int fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, f);

    if (fd < 0 && errno == EINVAL)
        fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags = listens, f);
    if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, f);
    return fd;
}

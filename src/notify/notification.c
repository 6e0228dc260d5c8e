#include "notify/notification.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "notify/process.h"

/* ---- which call it is ---- */

/* The numbers of calls on the machines that ours runs beside its own (asm/unistd.h of each). */
static const struct {
    uint32_t arch;
    int number;
    enum notification_call call;
} CALLS[] = {
#if defined(__x86_64__)
    {AUDIT_ARCH_X86_64, SYS_bind, NOTIFICATION_BIND},
    {AUDIT_ARCH_X86_64, SYS_connect, NOTIFICATION_CONNECT},
    {AUDIT_ARCH_X86_64, SYS_getsockname, NOTIFICATION_GETSOCKNAME},
    {AUDIT_ARCH_X86_64, SYS_getpeername, NOTIFICATION_GETPEERNAME},
    {AUDIT_ARCH_X86_64, SYS_sendto, NOTIFICATION_SENDTO},
    {AUDIT_ARCH_I386, 361, NOTIFICATION_BIND},
    {AUDIT_ARCH_I386, 362, NOTIFICATION_CONNECT},
    {AUDIT_ARCH_I386, 367, NOTIFICATION_GETSOCKNAME},
    {AUDIT_ARCH_I386, 368, NOTIFICATION_GETPEERNAME},
    {AUDIT_ARCH_I386, 369, NOTIFICATION_SENDTO},
#elif defined(__aarch64__)
    {AUDIT_ARCH_AARCH64, SYS_bind, NOTIFICATION_BIND},
    {AUDIT_ARCH_AARCH64, SYS_connect, NOTIFICATION_CONNECT},
    {AUDIT_ARCH_AARCH64, SYS_getsockname, NOTIFICATION_GETSOCKNAME},
    {AUDIT_ARCH_AARCH64, SYS_getpeername, NOTIFICATION_GETPEERNAME},
    {AUDIT_ARCH_AARCH64, SYS_sendto, NOTIFICATION_SENDTO},
    {AUDIT_ARCH_ARM, 282, NOTIFICATION_BIND},
    {AUDIT_ARCH_ARM, 283, NOTIFICATION_CONNECT},
    {AUDIT_ARCH_ARM, 286, NOTIFICATION_GETSOCKNAME},
    {AUDIT_ARCH_ARM, 287, NOTIFICATION_GETPEERNAME},
    {AUDIT_ARCH_ARM, 290, NOTIFICATION_SENDTO},
#else
// cppcheck-suppress preprocessorErrorDirective
#error "the notify engine has no table of calls for this machine"
#endif
};

/* socketcall(2), which i386 alone has of these. */
enum { I386_SOCKETCALL = 102 };

static const struct {
    enum notification_call call;
    int count; /* of its arguments */
} SOCKETCALLS[] = {
    [SYS_BIND] = {NOTIFICATION_BIND, 3},
    [SYS_CONNECT] = {NOTIFICATION_CONNECT, 3},
    [SYS_GETSOCKNAME] = {NOTIFICATION_GETSOCKNAME, 3},
    [SYS_GETPEERNAME] = {NOTIFICATION_GETPEERNAME, 3},
    [SYS_SENDTO] = {NOTIFICATION_SENDTO, 6},
};

/* Its first argument says which call it is, its second where the arguments are. */
static void read_socketcall(struct notification *s, const struct seccomp_data *data)
{
    uint64_t which = data->args[0];
    uint32_t words[6];

    if (which >= sizeof(SOCKETCALLS) / sizeof(SOCKETCALLS[0]) || SOCKETCALLS[which].count == 0)
        return;
    size_t count = (size_t)SOCKETCALLS[which].count;
    if (!notification_read(s, data->args[1], words, count * sizeof(words[0])))
        return;
    for (size_t i = 0; i < count; i++)
        s->argument[i] = words[i];
    s->call = SOCKETCALLS[which].call;
}

static void read_call(struct notification *s, const struct seccomp_data *data)
{
    s->call = NOTIFICATION_OTHER;
    if (data->arch == AUDIT_ARCH_I386 && data->nr == I386_SOCKETCALL) {
        read_socketcall(s, data);
        return;
    }
    for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
        if (CALLS[i].arch == data->arch && CALLS[i].number == data->nr)
            s->call = CALLS[i].call;
    }
    memcpy(s->argument, data->args, sizeof(s->argument));
}

/* ---- notifications ---- */

/* The kernel of tomorrow may have more in them than these headers know (seccomp_unotify(2)). */
union request {
    struct seccomp_notif notif;
    char room[512];
};

union response {
    struct seccomp_notif_resp resp;
    char room[256];
};

bool notification_take(struct notification *s, int listener)
{
    union request request;

    memset(&request, 0, sizeof(request));
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
        return false;
    s->listener = listener;
    s->id = request.notif.id;
    s->tid = (pid_t)request.notif.pid;
    s->fd = -1;
    s->is_denied = false;
    s->is_fresh = true;
    read_call(s, &request.notif.data);
    return true;
}

bool notification_is_valid(const struct notification *s)
{
    return ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &s->id) == 0;
}

static void answer(struct notification *s, long result, int error, uint32_t flags)
{
    union response response;

    memset(&response, 0, sizeof(response));
    response.resp.id = s->id;
    response.resp.val = result;
    response.resp.error = -error;
    response.resp.flags = flags;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    (void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void notification_continue(struct notification *s)
{
    answer(s, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

void notification_return(struct notification *s, long result)
{
    answer(s, result, 0, 0);
}

void notification_fail(struct notification *s, int error)
{
    answer(s, 0, error, 0);
}

/* ---- memory and descriptors ---- */

bool notification_read(struct notification *s, uint64_t address, void *buf, size_t size)
{
    struct iovec here = {buf, size}, there = {(void *)(uintptr_t)address, size};

    /* The kernel has said so when the call was taken. */
    bool is_valid = s->is_fresh || notification_is_valid(s);
    s->is_fresh = false;
    if (!is_valid)
        return false;
    ssize_t got = process_vm_readv(s->tid, &here, 1, &there, 1, 0);
    s->is_denied = s->is_denied || (got < 0 && errno == EPERM);
    return got == (ssize_t)size && notification_is_valid(s);
}

bool notification_write(const struct notification *s, const struct notification_part *parts,
                        size_t count)
{
    struct iovec here[NOTIFICATION_PARTS], there[NOTIFICATION_PARTS];
    ssize_t size = 0;

    for (size_t i = 0; i < count; i++) {
        here[i] = (struct iovec){(void *)(uintptr_t)parts[i].buf, parts[i].size};
        there[i] = (struct iovec){(void *)(uintptr_t)parts[i].address, parts[i].size};
        size += (ssize_t)parts[i].size;
    }
    return notification_is_valid(s) &&
           process_vm_writev(s->tid, here, count, there, count, 0) == size &&
           notification_is_valid(s);
}

int notification_socket(struct notification *s)
{
    s->fd = process_get_fd(s->tid, (int)s->argument[0]);
    s->is_denied = s->fd < 0 && errno == EPERM;
    return s->fd;
}

bool notification_read_name(struct notification *s, uint64_t address, uint64_t len,
                            struct sockaddr_storage *name)
{
    uint32_t size = (uint32_t)len; /* a socklen_t */

    return address != 0 && size >= sizeof(name->ss_family) && size <= sizeof(*name) &&
           notification_read(s, address, name, size);
}

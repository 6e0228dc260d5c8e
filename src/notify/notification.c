/*
 * The call is carried out on a duplicate of the program's socket (pidfd_getfd(2)). The program's
 * memory is never changed to have the kernel go on with another address: another thread of the
 * program could change it back in between.
 *
 * A thread id may be used again as soon as its thread has ended. While the id of a notification
 * is valid, its thread is still in the call. So memory that was read before a successful check
 * was that thread's. One check is enough for all that was read and opened before it, and is made
 * before what cannot be taken back. An answer to a call that is over goes nowhere. After the check, the
 * process may execute a program with more privileges. The kernel then refuses the write, except to a
 * supervisor that may access any process: that one writes to memory that it has opened before the
 * check.
 */
#include "notify/notification.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/fd.h"
#include "notify/process.h"
#include "notify/repeat.h"
#include "notify/target_memory.h"

/* A newer kernel may have more in them than these headers know (seccomp_unotify(2)). */
union request {
    struct seccomp_notif notif;
    char room[512];
};

union response {
    struct seccomp_notif_resp resp;
    char room[256];
};

bool notification_receive(struct notification *n, int listener)
{
    union request request = {.room = ""};
    const struct seccomp_data *data = &request.notif.data;

    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0)
        return false;
    *n = (struct notification){.listener = listener,
                               .id = request.notif.id,
                               .tid = (pid_t)request.notif.pid,
                               .arch = data->arch,
                               .number = data->nr,
                               .fd = -1};
    memcpy(n->argument, data->args, sizeof(n->argument));
    return true;
}

bool notification_is_valid(const struct notification *n)
{
    return ioctl(n->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0;
}

/* ---- answers ---- */

static void answer(struct notification *n, const struct seccomp_notif_resp *resp)
{
    union response response = {.room = ""};
    struct repeat repeat;

    response.resp = *resp;
    repeat_prepare(&repeat, n);
    if (n->is_denied && n->denied != NULL)
        n->denied();
    fd_close(&n->fd);
    bool is_late = ioctl(n->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno == ENOENT;
    repeat_keep(&repeat, n, is_late, resp->error != 0 ? resp->error : (long)resp->val);
}

void notification_continue(struct notification *n)
{
    answer(n, &(struct seccomp_notif_resp){.id = n->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}

void notification_return(struct notification *n, long result)
{
    if (result >= 0)
        answer(n, &(struct seccomp_notif_resp){.id = n->id, .val = result});
    else
        answer(n, &(struct seccomp_notif_resp){.id = n->id, .error = -errno});
}

/* ---- memory and descriptors ---- */

static void *at(uint64_t address)
{
    return (void *)(uintptr_t)address;
}

bool notification_read(struct notification *n, uint64_t address, void *buf, size_t size)
{
    struct iovec here = {buf, size}, there = {at(address), size};
    ssize_t got = process_vm_readv(n->tid, &here, 1, &there, 1, 0);

    n->is_denied = n->is_denied || (got < 0 && errno == EPERM);
    return got == (ssize_t)size;
}

bool notification_read_name(struct notification *n, int i, struct sockaddr_storage *name,
                            socklen_t *len)
{
    *len = (socklen_t)n->argument[i + 1];
    return n->argument[i] != 0 && *len >= sizeof(name->ss_family) && *len <= sizeof(*name) &&
           notification_read(n, n->argument[i], name, *len);
}

bool notification_open_socket(struct notification *n)
{
    n->fd = process_get_fd(n->tid, (int)n->argument[0]);
    n->is_denied = n->is_denied || (n->fd < 0 && errno == EPERM);
    return n->fd >= 0;
}

static bool may_access_all;

void notification_start(void)
{
    may_access_all = sys_has_capability(CAP_SYS_PTRACE);
}

static bool write_held(const struct notification *n, const struct iovec here[2],
                       const struct iovec there[2])
{
    struct target_memory m;

    if (!target_memory_open(&m, n->tid))
        return false;
    bool is_written = notification_is_valid(n) && target_memory_write(&m, here, there);
    target_memory_close(&m);
    return is_written;
}

static bool write_to(const struct notification *n, const struct iovec here[2],
                     const struct iovec there[2])
{
    ssize_t size = (ssize_t)(here[0].iov_len + here[1].iov_len);

    if (may_access_all)
        return write_held(n, here, there);
    return notification_is_valid(n) && process_vm_writev(n->tid, here, 2, there, 2, 0) == size;
}

void notification_return_name(struct notification *n, struct sockaddr_storage *name, socklen_t len)
{
    uint64_t address = n->argument[1], size = n->argument[2];
    socklen_t room;

    if (!notification_read(n, size, &room, sizeof(room)) || room > INT_MAX) {
        notification_continue(n); /* the kernel says what is wrong */
        return;
    }
    size_t written = room < len ? room : len;
    struct iovec here[] = {{name, written}, {&len, sizeof(len)}};
    struct iovec there[] = {{at(address), written}, {at(size), sizeof(len)}};
    bool is_written = write_to(n, here, there);
    errno = EFAULT;
    notification_return(n, is_written ? 0 : -1);
}

#include "linux/log.h"

#include <poll.h>

#include "linux/socket.h"
#include "linux/sys.h"

/* Not in the headers of glibc before 2.27. */
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

struct log_target log_target(int fd)
{
    struct statx st;

    if (sys_statx_fd(fd, STATX_INO, &st) != 0)
        return (struct log_target){0, 0};
    return (struct log_target){(uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor, st.stx_ino};
}

static bool has_room(int fd)
{
    return (sys_poll(fd, POLLOUT, 0) & POLLOUT) != 0;
}

static bool is_file(int fd)
{
    struct statx st;

    return sys_statx_fd(fd, STATX_TYPE, &st) == 0 && S_ISREG(st.stx_mode);
}

/*
 * RWF_NOWAIT answers EAGAIN if a pipe is full (Linux 5.5). Terminals, and pipes before, do not have
 * it: they are asked first. A file may answer EAGAIN without being full.
 */
static ssize_t write_at_once(int fd, const char *line, size_t size)
{
    const struct iovec one = {.iov_base = (void *)line, .iov_len = size};
    const long here = -1; /* as write(2): at the offset of the file */
    ssize_t written = sys_call6(SYS_pwritev2, fd, (long)&one, 1, here, here, RWF_NOWAIT);

    if (written >= 0 || errno == EPIPE || errno == EFBIG)
        return written;
    if (errno == EAGAIN ? is_file(fd) : has_room(fd))
        return sys_write(fd, line, size);
    return -1;
}

/* A set of signals as the kernel has it. Its first word has those that a write may raise. */
struct signals {
    unsigned long word[_NSIG / 8 / sizeof(unsigned long)];
};

/* The signals are blocked, and taken off the queue if this write raised them. */
void log_write(int fd, const char *line, size_t size)
{
    static const struct timespec at_once = {0, 0};
    struct signals raised = {{1UL << (SIGPIPE - 1) | 1UL << (SIGXFSZ - 1)}};
    struct signals before, pending = {{0}};

    if (socket_is_inet(fd) || sys_sigmask(SIG_BLOCK, &raised, &before) != 0)
        return;
    sys_call(SYS_rt_sigpending, (long)&pending, _NSIG / 8, 0);
    raised.word[0] &= ~pending.word[0];
    if (write_at_once(fd, line, size) < 0 && (errno == EPIPE || errno == EFBIG))
        sys_call6(SYS_rt_sigtimedwait, (long)&raised, 0, (long)&at_once, _NSIG / 8, 0, 0);
    sys_sigmask(SIG_SETMASK, &before, NULL);
}

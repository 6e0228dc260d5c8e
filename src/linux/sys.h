/*
 * System calls without libc's wrappers: no other preload sees them, and none is a
 * cancellation point, which bind(2) must not become. They set errno as usual.
 *
 * libc's syscall(2) would do, but libremap.so interposes it: the instruction is in sys_enter.h.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/parameters.h"
#include "linux/statx.h"
#include "linux/sys_enter.h"

/* glibc 2.31 does not have these names, but the headers of its kernel do. */
#ifndef SYS_close_range
#define SYS_close_range __NR_close_range
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd __NR_pidfd_getfd
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 __NR_faccessat2
#endif

/* Linux 5.13; the number is the same on every machine. */
#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

/* On 32-bit machines, the plain names are of calls with users of 16 bits. */
#ifndef SYS_getuid32
#define SYS_getuid32 SYS_getuid
#define SYS_getgid32 SYS_getgid
#define SYS_geteuid32 SYS_geteuid
#endif

/* The newest of those machines have only calls with times of 64 bits, as in libc's structures. */
#ifndef SYS_recvmmsg
#define SYS_recvmmsg SYS_recvmmsg_time64
#endif
#ifndef SYS_ppoll
#define SYS_ppoll SYS_ppoll_time64
#define SYS_rt_sigtimedwait SYS_rt_sigtimedwait_time64
#endif

/*
 * Ends all system calls of this header in this process and its later children. Each then fails with
 * ENOSYS. For a program with a seccomp filter (seccomp(2)), which may kill for any call but its own.
 */
void sys_seal(void);

extern atomic_bool sys_sealed;

static inline bool sys_is_sealed(void)
{
    return atomic_load_explicit(&sys_sealed, memory_order_relaxed);
}

/* Makes a system call with six arguments. Returns -1, with errno, if it fails. */
static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
    if (__builtin_expect(sys_is_sealed(), 0)) {
        errno = ENOSYS;
        return -1;
    }
#ifndef SYS_BY_LIBC
    long result = sys_enter_call(number, a, b, c, d, e, f);
    if ((unsigned long)result < (unsigned long)-4095L)
        return result;
    errno = (int)-result;
    return -1;
#else
    return syscall(number, a, b, c, d, e, f);
#endif
}

/* The same with three arguments: most calls need no more. */
static inline long sys_call(long number, long a, long b, long c)
{
    return sys_call6(number, a, b, c, 0, 0, 0);
}

/*
 * SYS_CALL(result, name, types of the parameters) defines sys_NAME, which makes the system call of
 * that name. The arguments that are left out at the end are 0.
 */
#define SYS_CALL(result, name, ...)                                                                \
    static inline result sys_##name PARAMETERS(__VA_ARGS__)                                        \
    {                                                                                              \
        return (result)SYS_PADDED(SYS_##name, PARAMETER_LONGS(__VA_ARGS__), 0, 0, 0, 0, 0, 0);     \
    }
#define SYS_PADDED(...) SYS_FIRST_SEVEN(__VA_ARGS__)
#define SYS_FIRST_SEVEN(number, a, b, c, d, e, f, ...) sys_call6(number, a, b, c, d, e, f)

/* The same without parameters. */
#define SYS_PLAIN_CALL(result, name)                                                               \
    static inline result sys_##name(void)                                                          \
    {                                                                                              \
        return (result)sys_call(SYS_##name, 0, 0, 0);                                              \
    }

SYS_CALL(int, close, int)
SYS_CALL(int, close_range, unsigned, unsigned) /* Linux 5.9 */
SYS_CALL(ssize_t, read, int, void *, size_t)
SYS_CALL(ssize_t, write, int, const void *, size_t)
SYS_CALL(ssize_t, readlinkat, int, const char *, char *, size_t)
SYS_CALL(ssize_t, getxattr, const char *, const char *, void *, size_t)
SYS_CALL(int, fsetxattr, int, const char *, const void *, size_t, int)
SYS_CALL(int, fremovexattr, int, const char *)
SYS_CALL(int, fchmod, int, mode_t)
SYS_CALL(int, uname, struct utsname *)

SYS_CALL(int, execve, const char *, char *const *, char *const *)
SYS_CALL(int, execveat, int, const char *, char *const *, char *const *, int) /* Linux 3.19 */
SYS_CALL(int, kill, pid_t, int)
SYS_CALL(int, pidfd_open, pid_t, unsigned) /* Linux 5.3; PIDFD_THREAD: Linux 6.9 */
SYS_CALL(int, pidfd_getfd, int, int)       /* Linux 5.6 */
SYS_CALL(int, pidfd_send_signal, int, int) /* Linux 5.1 */
SYS_CALL(int, prctl, int, unsigned long, unsigned long, unsigned long, unsigned long)
SYS_CALL(int, seccomp, unsigned, unsigned long, const void *)
SYS_PLAIN_CALL(pid_t, getpid)
SYS_PLAIN_CALL(pid_t, gettid)

static inline uid_t sys_getuid(void)
{
    return (uid_t)sys_call(SYS_getuid32, 0, 0, 0);
}

static inline gid_t sys_getgid(void)
{
    return (gid_t)sys_call(SYS_getgid32, 0, 0, 0);
}

/* The last answer, once the process is sealed. */
uid_t sys_geteuid(void);

SYS_CALL(int, socket, int, int, int)
SYS_CALL(int, bind, int, const struct sockaddr *, socklen_t)
SYS_CALL(int, listen, int, int)
SYS_CALL(int, connect, int, const struct sockaddr *, socklen_t)
SYS_CALL(int, accept4, int, struct sockaddr *, socklen_t *, int)
SYS_CALL(int, getsockname, int, struct sockaddr *, socklen_t *)
SYS_CALL(int, getpeername, int, struct sockaddr *, socklen_t *)
SYS_CALL(int, getsockopt, int, int, int, void *, socklen_t *)
SYS_CALL(int, setsockopt, int, int, int, const void *, socklen_t)
SYS_CALL(ssize_t, sendto, int, const void *, size_t, int, const struct sockaddr *, socklen_t)
SYS_CALL(ssize_t, recvfrom, int, void *, size_t, int, struct sockaddr *, socklen_t *)
SYS_CALL(ssize_t, sendmsg, int, const struct msghdr *, int)
SYS_CALL(ssize_t, recvmsg, int, struct msghdr *, int)
SYS_CALL(int, sendmmsg, int, struct mmsghdr *, unsigned, int)
SYS_CALL(int, recvmmsg, int, struct mmsghdr *, unsigned, int, struct timespec *)

/* What libc's functions for times of 64 bits make of it, on 32-bit machines. */
#if __SIZEOF_LONG__ == 4
#define SYS___getsockopt64 SYS_getsockopt
#define SYS___recvmsg64 SYS_recvmsg
#define SYS___recvmmsg64 SYS_recvmmsg_time64
SYS_CALL(int, __getsockopt64, int, int, int, void *, socklen_t *)
SYS_CALL(ssize_t, __recvmsg64, int, struct msghdr *, int)
SYS_CALL(int, __recvmmsg64, int, struct mmsghdr *, unsigned, int, struct timespec *)
#endif

/*
 * Returns true if the last system call may have failed because the kernel does not know it (ENOSYS),
 * or because a seccomp filter refuses it, as that of a container does to calls newer than itself.
 */
static inline bool sys_is_refused(void)
{
    return errno == ENOSYS || errno == EPERM || errno == EACCES;
}

/*
 * faccessat2(2) with AT_EACCESS, Linux 5.8. Where it is refused, faccessat(2) checks the real user,
 * which is the effective one in nearly every process.
 */
static inline int sys_access(const char *path, int mode)
{
    int result = (int)sys_call6(SYS_faccessat2, AT_FDCWD, (long)path, mode, AT_EACCESS, 0, 0);
    if (result == 0 || !sys_is_refused())
        return result;
    return (int)sys_call(SYS_faccessat, AT_FDCWD, (long)path, mode);
}

static inline int sys_openat(int folder, const char *path, int flags)
{
    return (int)sys_call6(SYS_openat, folder, (long)path, flags | O_CLOEXEC | O_NOCTTY, 0600, 0, 0);
}

static inline int sys_open(const char *path, int flags)
{
    return sys_openat(AT_FDCWD, path, flags);
}

static inline int sys_mkdir(const char *path, mode_t mode)
{
    return (int)sys_call(SYS_mkdirat, AT_FDCWD, (long)path, (long)mode);
}

static inline void sys_cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        sys_close(*fd);
}

/* Of a descriptor: closes it when the variable goes out of scope. Leaves -1 alone. */
#define SYS_CLEANUP_FD __attribute__((cleanup(sys_cleanup_fd)))

/* preadv(2) with one buffer: it takes the offset in the same way on every machine. */
static inline ssize_t sys_pread(int fd, void *buf, size_t size, unsigned long offset)
{
    struct iovec one = {.iov_base = buf, .iov_len = size};

    return sys_call6(SYS_preadv, fd, (long)&one, 1, (long)offset, 0, 0);
}

static inline ssize_t sys_getdents(int fd, void *buf, size_t size)
{
    return sys_call(SYS_getdents64, fd, (long)buf, (long)size);
}

/*
 * statx(2), Linux 4.11: unlike that of stat(2), its structure is the same on every machine. Where it
 * is refused, fstatat(2) answers, with what that has of `mask`.
 */
int sys_statx_at(int folder, const char *path, int flags, unsigned mask, struct statx *st);

static inline int sys_statx_fd(int fd, unsigned mask, struct statx *st)
{
    return sys_statx_at(fd, "", AT_EMPTY_PATH, mask, st);
}

static inline int sys_statx(const char *path, unsigned mask, struct statx *st)
{
    return sys_statx_at(AT_FDCWD, path, 0, mask, st);
}

static inline int sys_statfs(const char *path, struct statfs *st)
{
#ifdef __LP64__
    return (int)sys_call(SYS_statfs, (long)path, (long)st, 0);
#else
    return statfs(path, st); /* there, the kernel has two of them */
#endif
}

/*
 * Makes a file at least `size` bytes long, and reserves its space on the disk: a write to a
 * mapping without space behind it is SIGBUS, and a file longer than RLIMIT_FSIZE is SIGXFSZ. Where
 * fallocate(2) is refused or not supported, no space is reserved.
 */
int sys_reserve(int fd, off_t size);

/* Returns whether this thread has a capability (capabilities(7)), in its effective set. */
bool sys_has_capability(unsigned capability);

/* Returns whether the kernel is of this version or a later one. */
bool sys_is_linux(unsigned major, unsigned minor);

/*
 * Returns which of these events a descriptor has, or of those that poll(2) always tells, within less
 * than a second. Changes errno.
 */
int sys_poll(int fd, short events, int milliseconds);

static inline int sys_sigmask(int how, const void *set, void *old)
{
    return (int)sys_call6(SYS_rt_sigprocmask, how, (long)set, (long)old, _NSIG / 8, 0, 0);
}

/* Sleeps for some milliseconds, fewer than 1000, or until a signal arrives. */
static inline int sys_sleep(long milliseconds)
{
    const struct timespec time = {0, milliseconds * 1000000};
    return (int)sys_call6(SYS_ppoll, 0, 0, (long)&time, 0, _NSIG / 8, 0);
}

static inline int sys_yield(void)
{
    return (int)sys_call(SYS_sched_yield, 0, 0, 0);
}

static inline int sys_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    return sys_accept4(fd, addr, len, 0);
}

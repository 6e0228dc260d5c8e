/*
 * System calls without libc's wrappers: no other preload sees them, and none is a
 * cancellation point, which bind(2) must not become. They set errno as usual.
 *
 * libc's syscall(2) would do, but libremap.so interposes it on x86-64 and arm64: there, the
 * instruction is written here.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The analyzer does not know that the instructions below write to memory. */
#if defined(__clang_analyzer__) || !defined(__LP64__)
#define SYS_BY_LIBC
#elif defined(__x86_64__)

static inline long sys_enter(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

static inline long sys_enter(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

#else
#define SYS_BY_LIBC
#endif

/* Makes a system call with six arguments. Returns -1, with errno, if it fails. */
static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
#ifndef SYS_BY_LIBC
    long result = sys_enter(number, a, b, c, d, e, f);
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

static inline int sys_execve(const char *path, char *const argv[], char *const envp[])
{
    return (int)sys_call(SYS_execve, (long)path, (long)argv, (long)envp);
}

/* execveat(2), Linux 3.19. */
static inline int sys_execveat(int folder, const char *path, char *const argv[], char *const envp[],
                               int flags)
{
    return (int)sys_call6(SYS_execveat, folder, (long)path, (long)argv, (long)envp, flags, 0);
}

/*
 * faccessat2(2) with AT_EACCESS, Linux 5.8. An older kernel checks the real user, which is the
 * effective one in nearly every process.
 */
static inline int sys_access(const char *path, int mode)
{
#ifdef SYS_faccessat2
    int result = (int)sys_call6(SYS_faccessat2, AT_FDCWD, (long)path, mode, AT_EACCESS, 0, 0);
    if (result == 0 || errno != ENOSYS)
        return result;
#endif
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

static inline int sys_close(int fd)
{
    return (int)sys_call(SYS_close, fd, 0, 0);
}

static inline void sys_cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        sys_close(*fd);
}

/* Of a descriptor: closes it when the variable goes out of scope. Leaves -1 alone. */
#define SYS_CLEANUP_FD __attribute__((cleanup(sys_cleanup_fd)))

/* close_range(2), Linux 5.9: closes the descriptors from `first` to `last`. */
static inline int sys_close_range(unsigned first, unsigned last)
{
    return (int)sys_call(SYS_close_range, first, last, 0);
}

static inline ssize_t sys_read(int fd, void *buf, size_t size)
{
    return sys_call(SYS_read, fd, (long)buf, (long)size);
}

/* preadv(2) with one buffer: it takes the offset in the same way on every machine. */
static inline ssize_t sys_pread(int fd, void *buf, size_t size, unsigned long offset)
{
    struct iovec one = {.iov_base = buf, .iov_len = size};

    return sys_call6(SYS_preadv, fd, (long)&one, 1, (long)offset, 0, 0);
}

static inline ssize_t sys_write(int fd, const void *buf, size_t size)
{
    return sys_call(SYS_write, fd, (long)buf, (long)size);
}

static inline ssize_t sys_getdents(int fd, void *buf, size_t size)
{
    return sys_call(SYS_getdents64, fd, (long)buf, (long)size);
}

static inline ssize_t sys_readlinkat(int dir, const char *path, char *buf, size_t size)
{
    return sys_call6(SYS_readlinkat, dir, (long)path, (long)buf, (long)size, 0, 0);
}

/* statx(2), Linux 4.11: unlike that of stat(2), its structure is the same on every machine. */
static inline int sys_statx_fd(int fd, unsigned mask, struct statx *st)
{
    return (int)sys_call6(SYS_statx, fd, (long)"", AT_EMPTY_PATH, (long)mask, (long)st, 0);
}

static inline int sys_statx(const char *path, unsigned mask, struct statx *st)
{
    return (int)sys_call6(SYS_statx, AT_FDCWD, (long)path, 0, (long)mask, (long)st, 0);
}

static inline ssize_t sys_getxattr(const char *path, const char *name, void *value, size_t size)
{
    return sys_call6(SYS_getxattr, (long)path, (long)name, (long)value, (long)size, 0, 0);
}

static inline int sys_statfs(const char *path, struct statfs *st)
{
#ifdef __LP64__
    return (int)sys_call(SYS_statfs, (long)path, (long)st, 0);
#else
    return statfs(path, st); /* there, the kernel has two of them */
#endif
}

static inline int sys_fchmod(int fd, mode_t mode)
{
    return (int)sys_call(SYS_fchmod, fd, (long)mode, 0);
}

/*
 * Makes a file at least `size` bytes long, and reserves its space on the disk: a write to a
 * mapping without space behind it is SIGBUS, and a file longer than RLIMIT_FSIZE is SIGXFSZ.
 */
static inline int sys_reserve(int fd, off_t size)
{
    struct rlimit64 limit;

    if (sys_call6(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) == 0 &&
        limit.rlim_cur < (uint64_t)size) {
        errno = EFBIG;
        return -1;
    }
    int error;
    do
        error = posix_fallocate(fd, 0, size);
    while (error == EINTR);
    if (error != 0)
        errno = error;
    return error == 0 ? 0 : -1;
}

static inline int sys_uname(struct utsname *name)
{
    return (int)sys_call(SYS_uname, (long)name, 0, 0);
}

static inline int sys_prctl(int option, long a, long b)
{
    return (int)sys_call6(SYS_prctl, option, a, b, 0, 0, 0);
}

static inline int sys_seccomp(unsigned operation, unsigned long flags, const void *argument)
{
    return (int)sys_call(SYS_seccomp, operation, (long)flags, (long)argument);
}

static inline int sys_kill(pid_t pid, int signal)
{
    return (int)sys_call(SYS_kill, pid, signal, 0);
}

/* pidfd_open(2), Linux 5.3; `flags` is 0 or PIDFD_THREAD (Linux 6.9). */
static inline int sys_pidfd_open(pid_t pid, unsigned flags)
{
    return (int)sys_call(SYS_pidfd_open, pid, flags, 0);
}

/* pidfd_getfd(2), Linux 5.6: duplicates a descriptor of another process. */
static inline int sys_pidfd_getfd(int pidfd, int fd)
{
    return (int)sys_call(SYS_pidfd_getfd, pidfd, fd, 0);
}

/* pidfd_send_signal(2), Linux 5.1 */
static inline int sys_pidfd_send_signal(int pidfd, int signal)
{
    return (int)sys_call6(SYS_pidfd_send_signal, pidfd, signal, 0, 0, 0, 0);
}

static inline int sys_sigmask(int how, const void *set, void *old)
{
    return (int)sys_call6(SYS_rt_sigprocmask, how, (long)set, (long)old, _NSIG / 8, 0, 0);
}

/* Sleeps for some milliseconds, fewer than 1000, or until a signal arrives. */
static inline int sys_sleep(long milliseconds)
{
    const struct timespec time = {0, milliseconds * 1000000};
    return (int)sys_call(SYS_nanosleep, (long)&time, 0, 0);
}

static inline int sys_yield(void)
{
    return (int)sys_call(SYS_sched_yield, 0, 0, 0);
}

static inline uid_t sys_getuid(void)
{
    return (uid_t)sys_call(SYS_getuid, 0, 0, 0);
}

static inline gid_t sys_getgid(void)
{
    return (gid_t)sys_call(SYS_getgid, 0, 0, 0);
}

static inline uid_t sys_geteuid(void)
{
    return (uid_t)sys_call(SYS_geteuid, 0, 0, 0);
}

static inline pid_t sys_getpid(void)
{
    return (pid_t)sys_call(SYS_getpid, 0, 0, 0);
}

static inline int sys_socket(int family, int type, int protocol)
{
    return (int)sys_call(SYS_socket, family, type, protocol);
}

static inline int sys_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return (int)sys_call(SYS_bind, fd, (long)addr, (long)len);
}

static inline int sys_listen(int fd, int backlog)
{
    return (int)sys_call(SYS_listen, fd, backlog, 0);
}

static inline int sys_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    return (int)sys_call(SYS_connect, fd, (long)addr, (long)len);
}

static inline int sys_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    return (int)sys_call6(SYS_accept4, fd, (long)addr, (long)len, flags, 0, 0);
}

static inline int sys_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    return sys_accept4(fd, addr, len, 0);
}

static inline int sys_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
    return (int)sys_call(SYS_getsockname, fd, (long)addr, (long)len);
}

static inline int sys_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
    return (int)sys_call(SYS_getpeername, fd, (long)addr, (long)len);
}

static inline int sys_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return (int)sys_call6(SYS_getsockopt, fd, level, name, (long)value, (long)len, 0);
}

static inline ssize_t sys_sendto(int fd, const void *buf, size_t size, int flags,
                                 const struct sockaddr *addr, socklen_t len)
{
    return sys_call6(SYS_sendto, fd, (long)buf, (long)size, flags, (long)addr, (long)len);
}

static inline ssize_t sys_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
                                   socklen_t *len)
{
    return sys_call6(SYS_recvfrom, fd, (long)buf, (long)size, flags, (long)addr, (long)len);
}

static inline ssize_t sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return sys_call(SYS_sendmsg, fd, (long)message, flags);
}

static inline ssize_t sys_recvmsg(int fd, struct msghdr *message, int flags)
{
    return sys_call(SYS_recvmsg, fd, (long)message, flags);
}

static inline int sys_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    return (int)sys_call6(SYS_sendmmsg, fd, (long)messages, (long)count, flags, 0, 0);
}

static inline int sys_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                               struct timespec *timeout)
{
    return (int)sys_call6(SYS_recvmmsg, fd, (long)messages, (long)count, flags, (long)timeout, 0);
}

/*
 * System calls without libc's wrapper: no other preload sees them, and none is a
 * cancellation point, which bind(2) may not become. They set errno as usual.
 */
#ifndef REGISTRY_SYS_H
#define REGISTRY_SYS_H

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline int sys_openat(int folder, const char *path, int flags)
{
    return (int)syscall(SYS_openat, folder, path, flags | O_CLOEXEC | O_NOCTTY, 0600);
}

static inline int sys_open(const char *path, int flags)
{
    return sys_openat(AT_FDCWD, path, flags);
}

static inline int sys_mkdir(const char *path, mode_t mode)
{
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

static inline int sys_close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

static inline ssize_t sys_read(int fd, void *buf, size_t size)
{
    return syscall(SYS_read, fd, buf, size);
}

static inline ssize_t sys_write(int fd, const void *buf, size_t size)
{
    return syscall(SYS_write, fd, buf, size);
}

static inline ssize_t sys_getdents(int fd, void *buf, size_t size)
{
    return syscall(SYS_getdents64, fd, buf, size);
}

static inline ssize_t sys_readlinkat(int dir, const char *path, char *buf, size_t size)
{
    return syscall(SYS_readlinkat, dir, path, buf, size);
}

/* statx(2), Linux 4.11: the one call of its family whose structure is the same on every machine. */
static inline int sys_statx_fd(int fd, unsigned mask, struct statx *st)
{
    return (int)syscall(SYS_statx, fd, "", AT_EMPTY_PATH, mask, st);
}

static inline int sys_ftruncate(int fd, off_t size)
{
    return ftruncate(fd, size); /* an off_t takes one register or two: libc knows */
}

static inline int sys_kill(pid_t pid, int signal)
{
    return (int)syscall(SYS_kill, pid, signal);
}

static inline int sys_statx(const char *path, unsigned mask, struct statx *st)
{
    return (int)syscall(SYS_statx, AT_FDCWD, path, 0, mask, st);
}

static inline uid_t sys_geteuid(void)
{
    return (uid_t)syscall(SYS_geteuid);
}

static inline pid_t sys_getpid(void)
{
    return (pid_t)syscall(SYS_getpid);
}

static inline int sys_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return (int)syscall(SYS_bind, fd, addr, len);
}

static inline int sys_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
    return (int)syscall(SYS_getsockname, fd, addr, len);
}

static inline int sys_getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
    return (int)syscall(SYS_getpeername, fd, addr, len);
}

static inline int sys_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

#endif

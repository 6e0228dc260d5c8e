/*
 * The exported functions, and nothing else: each hands its call on to the room
 * that knows. The names are those of exports.list, from which the version script
 * is made; syscall() is in bypass.c.
 */
#include <spawn.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "linux/socket.h"
#include "preload/credentials.h"
#include "preload/exec.h"
#include "preload/listen.h"
#include "preload/reserved_port.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/next.h"
#include "translate/peername.h"
#include "translate/sockname.h"

#define EXPORT __attribute__((visibility("default"), hot))
/* What a program calls a few times in its life does not lie among these. */
#define EXPORT_COLD __attribute__((visibility("default"), cold))

/* ---- to the kernel ---- */

EXPORT int socket(int domain, int type, int protocol)
{
    socket_note(domain, type, protocol);
    return next.socket(domain, type, protocol);
}

EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return bind_socket(fd, addr, len);
}

EXPORT int bindresvport(int fd, struct sockaddr_in *name)
{
    return reserved_port_bind(fd, name);
}

EXPORT int rresvport(int *port)
{
    return reserved_port_socket(port, AF_INET);
}

EXPORT int rresvport_af(int *port, sa_family_t family)
{
    return reserved_port_socket(port, family);
}

EXPORT int listen(int fd, int backlog)
{
    return listen_socket(fd, backlog);
}

EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    return connect_socket(fd, addr, len);
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t size, int flags, const struct sockaddr *addr,
                      socklen_t len)
{
    return connect_sendto(fd, buf, size, flags, addr, len);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return connect_sendmsg(fd, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    return connect_sendmmsg(fd, messages, count, flags);
}

/* ---- to the program ---- */

EXPORT int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return sockname_get(fd, addr, len);
}

EXPORT int getpeername(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return peername_get(fd, addr, len);
}

EXPORT int accept(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return peername_accept(fd, addr, len);
}

EXPORT int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len, int flags)
{
    return peername_accept4(fd, addr, len, flags);
}

EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t size, int flags,
                        struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return peername_recvfrom(fd, buf, size, flags, addr, len);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *restrict buf, size_t size, size_t room, int flags,
                              struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return peername_recvfrom_chk(fd, buf, size, room, flags, addr, len);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    return peername_recvmsg(fd, message, flags);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout)
{
    return peername_recvmmsg(fd, messages, count, flags, timeout);
}

/* ---- other programs ---- */

EXPORT_COLD int execve(const char *path, char *const argv[], char *const envp[])
{
    return exec_path(path, argv, envp);
}

EXPORT_COLD int execv(const char *path, char *const argv[])
{
    return exec_path(path, argv, environ);
}

EXPORT_COLD int execvp(const char *file, char *const argv[])
{
    return exec_search(file, argv, environ);
}

EXPORT_COLD int execvpe(const char *file, char *const argv[], char *const envp[])
{
    return exec_search(file, argv, envp);
}

EXPORT_COLD int execl(const char *path, const char *first, ...)
{
    va_list rest;

    va_start(rest, first);
    int result = exec_list(path, first, rest);
    va_end(rest);
    return result;
}

EXPORT_COLD int execlp(const char *file, const char *first, ...)
{
    va_list rest;

    va_start(rest, first);
    int result = exec_list_search(file, first, rest);
    va_end(rest);
    return result;
}

EXPORT_COLD int execle(const char *path, const char *first, ...)
{
    va_list rest;

    va_start(rest, first);
    int result = exec_list_with(path, first, rest);
    va_end(rest);
    return result;
}

EXPORT_COLD int fexecve(int fd, char *const argv[], char *const envp[])
{
    return exec_fd(fd, argv, envp);
}

EXPORT_COLD int execveat(int folder, const char *path, char *const argv[], char *const envp[],
                         int flags)
{
    return exec_at(folder, path, argv, envp, flags);
}

EXPORT_COLD int posix_spawn(pid_t *restrict pid, const char *restrict path,
                            const posix_spawn_file_actions_t *restrict actions,
                            const posix_spawnattr_t *restrict attributes,
                            char *const argv[restrict], char *const envp[restrict])
{
    return exec_spawn(pid, path, actions, attributes, argv, envp);
}

EXPORT_COLD int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                             const posix_spawn_file_actions_t *restrict actions,
                             const posix_spawnattr_t *restrict attributes,
                             char *const argv[restrict], char *const envp[restrict])
{
    return exec_spawn_search(pid, file, actions, attributes, argv, envp);
}

/* ---- other users, and other roots ---- */

EXPORT_COLD int setuid(uid_t uid)
{
    return credentials_setuid(uid);
}

EXPORT_COLD int seteuid(uid_t uid)
{
    return credentials_seteuid(uid);
}

EXPORT_COLD int setreuid(uid_t real, uid_t effective)
{
    return credentials_setreuid(real, effective);
}

EXPORT_COLD int setresuid(uid_t real, uid_t effective, uid_t saved)
{
    return credentials_setresuid(real, effective, saved);
}

EXPORT_COLD int chroot(const char *path)
{
    return credentials_chroot(path);
}

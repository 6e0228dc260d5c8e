/* Names of peers on their way back from the kernel, actual to asked. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

/*
 * Each does what the system call of its name does (getpeername(2), accept(2), recv(2),
 * recvmmsg(2)); of the options of getsockopt(2), this is about SO_PEERNAME. A peer on this host gets the name that it asked for. Peers on other hosts
 * keep theirs.
 */
int peername_get(int fd, struct sockaddr *addr, socklen_t *len);
int peername_option(int fd, int level, int option, void *value, socklen_t *len);
int peername_accept(int fd, struct sockaddr *addr, socklen_t *len);
int peername_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);
ssize_t peername_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
                          socklen_t *len);
ssize_t peername_recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                              struct sockaddr *addr, socklen_t *len);
ssize_t peername_recvmsg(int fd, struct msghdr *message, int flags);
int peername_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout);

/* The same for what a 32-bit program with times of 64 bits calls. */
int peername_option64(int fd, int level, int option, void *value, socklen_t *len);
ssize_t peername_recvmsg64(int fd, struct msghdr *message, int flags);
int peername_recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
                        struct timespec *timeout);

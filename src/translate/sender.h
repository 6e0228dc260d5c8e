/* Names of the senders of datagrams on their way back from the kernel, actual to asked: see peername.h. */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

/* Each does what the system call of its name does (recv(2), recvmmsg(2)). */
ssize_t sender_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
                        socklen_t *len);
ssize_t sender_recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                            struct sockaddr *addr, socklen_t *len);
ssize_t sender_recvmsg(int fd, struct msghdr *message, int flags);
int sender_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);

/* The same for what a 32-bit program with times of 64 bits calls. */
ssize_t sender_recvmsg64(int fd, struct msghdr *message, int flags);
int sender_recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout);

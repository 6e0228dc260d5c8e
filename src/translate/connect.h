/* Addresses that a program connects or sends to: where what it asks for is in truth. */
#ifndef TRANSLATE_CONNECT_H
#define TRANSLATE_CONNECT_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * Each does what the system call of its name does (connect(2), send(2), sendmmsg(2)),
 * to the actual endpoint where the address is this host's own and the registry has a
 * living socket that was bound to it; REMAP_CONNECT says more. All else, other hosts
 * above all, is passed on. The caller's memory is not written to, but for the
 * msg_len of each message that connect_sendmmsg has sent.
 */
int connect_socket(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * Whether that would be somewhere else than `addr`: then *to, of the same length, has
 * where. A datagram, or else a connection.
 */
bool connect_target(int fd, bool is_datagram, const struct sockaddr *addr, socklen_t len,
                    struct sockaddr_storage *to);

ssize_t connect_sendto(int fd, const void *buf, size_t size, int flags, const struct sockaddr *addr,
                       socklen_t len);
ssize_t connect_sendmsg(int fd, const struct msghdr *message, int flags);
int connect_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

#endif

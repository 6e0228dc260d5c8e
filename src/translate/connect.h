/* Addresses that a program connects or sends to, asked to actual. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "translate/server.h"

/*
 * Each does what the system call of its name does (connect(2), send(2), sendmmsg(2)). If the
 * address is of this host, and a server that asked for it is running, the call goes to that
 * server's actual endpoint; REMAP_CONNECT says more. The caller's memory is not written to,
 * but for the msg_len of each message that connect_sendmmsg() has sent.
 */
int connect_socket(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * The two halves of connect_socket(): returns true if the connection goes to another address than
 * `addr`, which must stay as it is until connect_found() makes that connection.
 */
bool connect_find(struct target *t, int fd, const struct sockaddr *addr, socklen_t len);
int connect_found(struct target *t);

/*
 * Returns true if a message with these flags goes to another address than `addr`, and leaves that
 * address, of the same length, in *to.
 */
bool connect_target(int fd, int flags, const struct sockaddr *addr, socklen_t len,
                    struct sockaddr_storage *to);

/* Returns true if a datagram to a group must be sent to members in the tree, too (group.h). */
bool connect_is_to_members(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * Sends a datagram for which that is true to the members, and not to the group's own port. Errors
 * are ignored. Keeps errno.
 */
void connect_send_copies(int fd, const void *buf, size_t size, int flags,
                         const struct sockaddr *addr, socklen_t len);

ssize_t connect_sendto(int fd, const void *buf, size_t size, int flags, const struct sockaddr *addr,
                       socklen_t len);
ssize_t connect_sendmsg(int fd, const struct msghdr *message, int flags);
int connect_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

/* What the kernel says of a descriptor. We keep no table of them: it would go stale. */
#ifndef LINUX_SOCKET_H
#define LINUX_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"

/*
 * The socket's protocol (SO_PROTOCOL, Linux 2.6.32), or PROTO_PORTLESS for all that has no
 * ports.
 */
enum proto socket_proto(int fd);

/*
 * Takes note of a socket that this process makes, and tells whether any was made that
 * has no ports: only then is it worth a question whether a socket has.
 */
void socket_note(int domain, int type, int protocol);
bool socket_any_is_portless(void);

/* The socket's inode in sockfs, the number in "socket:[N]"; 0 if it has none. */
uint32_t socket_inode(int fd);

/* Whether the socket is of IPv6 alone (IPV6_V6ONLY). */
bool socket_is_v6only(int fd);

/* Whether the socket has a peer. */
bool socket_is_connected(int fd);

/* Whether the socket is of a family that goes over the network: AF_INET or AF_INET6. */
bool socket_is_inet(int fd);

#endif

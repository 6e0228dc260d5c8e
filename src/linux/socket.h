/* What the kernel says of a descriptor. There is no table of descriptors: it would go stale. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"

/*
 * Returns the socket's protocol (SO_PROTOCOL, Linux 2.6.32), or PROTO_PORTLESS if it has no ports
 * or is not a socket.
 */
enum proto socket_proto(int fd);

/* Returns the socket's inode in sockfs, the number in "socket:[N]", or 0 if there is none. */
uint32_t socket_inode(int fd);

/*
 * Reads the address and port that the socket is bound to (getsockname(2)); the protocol stays
 * PROTO_ANY. Returns false if it is not a socket of AF_INET or AF_INET6.
 */
bool socket_name(int fd, struct endpoint *name);

/* Returns whether an IPv6 socket takes no IPv4 (IPV6_V6ONLY). */
bool socket_is_v6only(int fd);

bool socket_is_connected(int fd);

/* Returns whether the socket is of AF_INET or AF_INET6. */
bool socket_is_inet(int fd);

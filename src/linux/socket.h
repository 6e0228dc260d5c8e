/*
 * What the kernel says of a descriptor. A table of descriptors would go stale: there is one only for
 * the protocol, and for a process that may not ask (sys_seal).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"

/*
 * Returns the socket's protocol (SO_PROTOCOL, Linux 2.6.32), or PROTO_PORTLESS if it has no ports
 * or is not a socket. In a sealed process: what socket_note() was last told, or else PROTO_TCP.
 */
enum proto socket_proto(int fd);

/*
 * The same. Sets *is_deferred if connect(2) may leave the connection to the first write, which then
 * is told of a refusal (TCP_FASTOPEN_CONNECT, Linux 4.11).
 */
enum proto socket_proto_to_connect(int fd, bool *is_deferred);

/* Notes the protocol of a new socket. */
void socket_note(int fd, enum proto proto);

/* Returns the socket's inode in sockfs, the number in "socket:[N]", or 0 if there is none. */
uint32_t socket_inode(int fd);

/*
 * Reads the address and port that the socket is bound to (getsockname(2)); the protocol stays
 * PROTO_ANY. Returns false if it is not a socket of AF_INET or AF_INET6.
 */
bool socket_name(int fd, struct endpoint *name);

/*
 * Makes a socket of the same family, type and protocol, which exec closes. Returns it, or -1 with
 * errno.
 */
int socket_like(int fd);

/*
 * Drops what has arrived at a socket, and each later packet before the socket sees it
 * (SO_ATTACH_FILTER and SO_LOCK_FILTER, socket(7)). Returns false, with errno, if the kernel refuses
 * that: of a TCP socket, it may be for root alone.
 */
bool socket_shut(int fd) __attribute__((warn_unused_result));

/* Returns whether an IPv6 socket takes no IPv4 (IPV6_V6ONLY). */
bool socket_is_v6only(int fd);

bool socket_is_connected(int fd);

/* Returns whether the socket is of AF_INET or AF_INET6. */
bool socket_is_inet(int fd);

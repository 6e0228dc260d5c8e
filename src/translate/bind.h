/* Addresses on their way to the kernel: asked to actual. */
#ifndef TRANSLATE_BIND_H
#define TRANSLATE_BIND_H

#include <stdbool.h>
#include <sys/socket.h>

/* bind(2) by the table. */
int bind_socket(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * The same for one of several ports that are tried: no line is written where it is in
 * use. The address must be one that can be read.
 */
int bind_try(int fd, const struct sockaddr *addr, socklen_t len);

/* Whether an address is one that a bind might move: of AF_INET or AF_INET6, and with a port. */
bool bind_is_inet(const struct sockaddr *addr, socklen_t len);

/*
 * Whether the bind of an address that is one would be passed on, and nothing be told or
 * remembered of it: an engine may leave it to the kernel, whatever comes of it.
 */
bool bind_is_unmapped(int fd, const struct sockaddr *addr, socklen_t len);

#endif

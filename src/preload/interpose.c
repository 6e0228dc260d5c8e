/*
 * The exported functions, and nothing else: each hands its call on to the room
 * that knows. The names are those of exports.list, from which the version script
 * is made.
 */
#include <sys/socket.h>

#include "preload/incoming.h"
#include "preload/outgoing.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return outgoing_bind(fd, addr, len);
}

EXPORT int getsockname(int fd, struct sockaddr *restrict addr, socklen_t *restrict len)
{
    return incoming_getsockname(fd, addr, len);
}

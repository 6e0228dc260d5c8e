/* getsockname(2): the socket's own name on its way back from the kernel, actual to asked. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "core/endpoint.h"
#include "core/hot.h"
#include "translate/shared_registry.h"

/* getsockname(2), which returns the asked name. */
int sockname_get(int fd, struct sockaddr *addr, socklen_t *len);

/* Translates the whole name of `fd` in place. Returns false if it stays as it is. Keeps errno. */
bool sockname_translate_own(int fd, struct sockaddr *name, socklen_t len);

typedef int sockname_call(int fd, struct sockaddr *name, socklen_t *len);
typedef bool sockname_translate(int fd, struct sockaddr *name, socklen_t len);

/*
 * For a name of which only `room` bytes fitted into `told`: asks the kernel for all of it,
 * translates that, and writes as much as fits. Keeps errno.
 */
void sockname_tell_part(int fd, void *told, socklen_t room, sockname_call *ask,
                        sockname_translate *translate);

/* What sockname_is_narrowed calls if there ever was such a socket. */
bool sockname_find_narrowed(int fd);

/*
 * Whether a passed IPv6 socket has the place of an IPv4 one: `fd` is such a socket, or a connection of
 * it. Its program sees addresses of IPv4. Keeps errno.
 */
HOT static inline bool sockname_is_narrowed(int fd)
{
    const struct registry *registry = shared_registry_get();
    return registry != NULL && registry_has_narrowed(registry) && sockname_find_narrowed(fd);
}

/*
 * Writes a name of such a socket as the kernel does: what fits in `room`, and its length. IPv4 has no
 * address for one of IPv6: it becomes 127.0.0.1 if it is ::1, else 0.0.0.0.
 */
void sockname_write_narrow(const struct sockaddr *name, socklen_t size, void *told, socklen_t room,
                           socklen_t *len);

/* What sockname_narrow calls for such a socket. */
bool sockname_tell_narrow(int fd, void *told, socklen_t room, socklen_t *len, sockname_call *ask,
                          sockname_translate *translate);

/*
 * If `fd` is such a socket: translates the name in `told`, rewrites it and *len, and returns true. `ask`
 * is the call that has told the name. Keeps errno.
 */
HOT static inline bool sockname_narrow(int fd, void *told, socklen_t room, socklen_t *len,
                                       sockname_call *ask, sockname_translate *translate)
{
    return room >= sizeof(sa_family_t) && endpoint_family(told) == AF_INET6 &&
           sockname_is_narrowed(fd) && sockname_tell_narrow(fd, told, room, len, ask, translate);
}

/*
 * Translates in place a name that `ask` has written to `told`, which has `room` bytes. *len is the length
 * that it returned: if that is more than `room`, the name was cut off. Keeps errno.
 */
HOT static inline void sockname_tell(int fd, void *told, socklen_t room, socklen_t *len,
                                     sockname_call *ask, sockname_translate *translate)
{
    if (sockname_narrow(fd, told, room, len, ask, translate))
        return;
    if (*len <= room)
        translate(fd, told, *len);
    else
        sockname_tell_part(fd, told, room, ask, translate);
}

/* getsockname(2): the socket's own name on its way back from the kernel, actual to asked. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* getsockname(2), which returns the asked name. */
int sockname_get(int fd, struct sockaddr *addr, socklen_t *len);

typedef int sockname_call(int fd, struct sockaddr *name, socklen_t *len);
typedef bool sockname_translate(int fd, struct sockaddr *name, socklen_t len);

/*
 * For a name of which only `room` bytes fitted into `told`: asks the kernel for all of it,
 * translates that, and writes as much as fits. Keeps errno.
 */
void sockname_tell_part(int fd, void *told, socklen_t room, sockname_call *ask,
                        sockname_translate *translate);

/*
 * A program whose IPv4 socket was replaced by a passed IPv6 one sees addresses of IPv4: rewrites the
 * name in `told`, and *len, if `fd` is such a socket or a connection of it. `ask` is the call that
 * has told the name. Keeps errno.
 */
void sockname_narrow(int fd, void *told, socklen_t room, socklen_t *len, sockname_call *ask);

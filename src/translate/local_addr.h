/* Whether an address is this host's own. */
#ifndef TRANSLATE_LOCAL_ADDR_H
#define TRANSLATE_LOCAL_ADDR_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether what is sent to `name`, an address of AF_INET or AF_INET6, stays on this
 * host: a loopback address, one of its interfaces, or the wildcard, which stands for
 * loopback there. Holds an answer for up to 100 ms. Keeps errno.
 */
bool local_addr_is(const struct sockaddr *name, socklen_t len);

#endif

/* Whether an address is this host's own. */
#ifndef TRANSLATE_LOCAL_ADDR_H
#define TRANSLATE_LOCAL_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Returns true if `name`, an address of AF_INET or AF_INET6, is of this host in the network
 * namespace `netns`: a loopback address, an address of an interface, or the wildcard, which
 * means loopback as a destination. The interfaces of another namespace than this process's are
 * not known. An answer may be up to 100 ms old. Keeps errno.
 */
bool local_addr_is(uint64_t netns, const struct sockaddr *name, socklen_t len);

#endif

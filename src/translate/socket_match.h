/* Which record of the registry is about a socket or its peer. */
#pragma once

#include <stdbool.h>

#include "registry/registry.h"

/*
 * Finds the record for an actual endpoint of the socket `fd` or of its peer. The kernel is
 * asked for the protocol if the record depends on it. Changes errno.
 */
bool socket_match_find(int fd, const struct registry *r, const struct endpoint *actual,
                       struct registry_entry *e);

/*
 * Returns true if the record that was found is about the socket `fd`. Only the record of an
 * ephemeral port can be stale while its port is in use: the kernel is then asked. A bind to
 * such a port records the socket's number. Changes errno.
 */
bool socket_match_own(int fd, const struct registry *r, const struct registry_entry *e);

/* The same for the peer of `fd`, whose actual endpoint is `peer`. */
bool socket_match_peer(int fd, const struct registry *r, const struct registry_entry *e,
                       const struct endpoint *peer);

/* Writes what the record says was asked for into a name: the port, and the address if wanted. */
static inline bool socket_match_write(const struct registry_entry *e, bool with_addr,
                                      struct sockaddr *name)
{
    if (with_addr)
        return endpoint_to_sockaddr(&e->asked.addr, e->asked.port, name);
    endpoint_set_port(name, e->asked.port);
    return true;
}

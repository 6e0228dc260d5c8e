/* Whether a socket is one that an entry is about, where its port alone does not say so. */
#ifndef TRANSLATE_SOCKET_MATCH_H
#define TRANSLATE_SOCKET_MATCH_H

#include <stdbool.h>

#include "registry/registry.h"

/*
 * The kernel gives ports of net.ipv4.ip_local_port_range to whoever asks for none: there,
 * an old entry may be of somebody else. For an entry that registry_by_actual has
 * found, and a port that shared_registry_is_ephemeral names, these ask the kernel whose socket it
 * is; a bind to such a port notes that. Both change errno.
 */
bool socket_match_own(int fd, const struct registry *r, const struct registry_entry *e);

/* The same of a peer at `peer` of the socket `fd`. */
bool socket_match_peer(int fd, const struct registry *r, const struct registry_entry *e,
                       const struct endpoint *peer);

#endif

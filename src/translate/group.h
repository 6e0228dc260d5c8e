/*
 * Datagrams to a multicast group or a broadcast address. A member in the tree that asked for their
 * port has an actual one: it is sent a copy. The datagram itself stays as it is, for other hosts and
 * for sockets outside the tree.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "translate/server.h"

/* A walk over the actual ports of members. It begins with all zeros. */
struct group_walk {
    struct registry_walk records;
    uint16_t seen[8]; /* actual ports; further ones get no copy */
    unsigned count;
};

/* Finds the next actual port, and redirects the target to it. */
bool group_next(struct target *t, struct group_walk *w);

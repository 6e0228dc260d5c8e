/* The actual ports to try for one bind, in order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

/* Both ports, and those between them. */
struct port_range {
    uint16_t first, last;
};

/*
 * The ports first..last, once round from `at`, with `left` of them to go. Skips low..high,
 * and the ports that `avoid` uses.
 */
struct port_pool {
    uint16_t first, last;
    uint16_t at;
    uint32_t left;
    const struct table *avoid; /* or NULL */
    bool has_given;            /* a port that is not avoided was found */
    uint16_t low, high;        /* 0 for none */
};

/* Returns the ports first..last, from the first on. */
struct port_pool port_pool_range(uint16_t first, uint16_t last);

/*
 * Returns the ports from 1024 up, without two kinds unless no others are left: those that the
 * table uses; and the ephemeral ones, so that no connection is ever taken for the server.
 * They begin at a port that `seed` and the asked port decide: it is the same one for all of a
 * tree, and others for other trees.
 */
struct port_pool port_pool_auto(const struct table *table, uint16_t asked, uint32_t seed,
                                struct port_range ephemeral);

/* Returns the next port to try, or 0 at the end. */
uint16_t port_pool_next(struct port_pool *p);

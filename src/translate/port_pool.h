/* The actual ports to try for one bind, in order. */
#ifndef TRANSLATE_PORT_POOL_H
#define TRANSLATE_PORT_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

/*
 * Ports of first..last, once round from `at`, `left` of them to go. Those that
 * `avoid` uses and those of low..high are passed over.
 */
struct port_pool {
    uint16_t first, last;
    uint16_t at;
    uint32_t left;
    const struct table *avoid; /* or NULL */
    bool has_given;            /* one that is not avoided was found */
    uint16_t low, high;        /* 1, 0 for none */
};

/* The ports first..last, from the first on. */
struct port_pool port_pool_range(uint16_t first, uint16_t last);

/*
 * Free choice: ports from 1024 up, but none that the table has to do with, and
 * none of those that the kernel gives to outgoing connections
 * (net.ipv4.ip_local_port_range), so that no such connection is ever taken for
 * the server. Where the table has to do with all others, any of them. Starts somewhere that `seed` and the asked port decide: those of one
 * tree should begin at the same port, others elsewhere.
 */
struct port_pool port_pool_auto(const struct table *table, uint16_t asked, uint32_t seed);

/* The next port to try, or 0 when there are no more. */
uint16_t port_pool_next(struct port_pool *p);

/*
 * The ports that the kernel gives to those who ask for none
 * (net.ipv4.ip_local_port_range); its default where that cannot be read. Changes errno.
 */
void port_pool_read_ephemeral(uint16_t *low, uint16_t *high);

#endif

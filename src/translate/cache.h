/* Answers of up to 16 bits that are kept, so that not every call asks for them again. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "linux/route.h"
#include "registry/registry.h"

/* Odd numbers with bits of all kinds, to multiply keys with (Knuth, 6.4). */
#define CACHE_MIX UINT64_C(0x9e3779b97f4a7c15)
#define CACHE_MIX_LAST UINT64_C(0xbf58476d1ce4e5b9)

/* Mixes bytes into `key`, which starts as a number for the kind of question. */
uint64_t cache_key(uint64_t key, const void *bytes, size_t size);

/* Finds the answer that was put in during the last 100 ms. Returns false if it is gone. */
bool cache_get(uint64_t key, uint16_t *answer);
void cache_put(uint64_t key, uint16_t answer);

/* Returns whether the key was put in during the last 35 ms. */
bool cache_is_fresh(uint64_t key);

/*
 * route_of(), with an answer that may be up to 100 ms old. A loopback address is local, and so is the
 * wildcard, which means loopback as a destination. The addresses of another network namespace than
 * this process's are not known: other addresses are ROUTE_AWAY there. Keeps errno.
 */
enum route cache_route(uint64_t netns, const struct addr *to);

static inline bool cache_is_local(uint64_t netns, const struct addr *to)
{
    return cache_route(netns, to) == ROUTE_LOCAL;
}

/*
 * registry_quick_port(), which is found once for each name while the registry does not change. `name` is of
 * AF_INET or AF_INET6, of full length, and has `port`. It need not be aligned.
 */
uint16_t cache_quick_port(const struct registry *r, uint64_t netns, uint16_t port,
                          const struct sockaddr *name);

/*
 * Records that the program sent or connected, on the socket `fd`, to the port `asked` of
 * the host `to`, and that this went to the port `actual` there. The two ports are equal if
 * the program used the actual port itself. `to` must not be v4-mapped.
 *
 * This is only a hint for the name to report: descriptors are closed unseen. A program
 * that reuses one sends to the peer before it hears of it, and so corrects the record.
 */
void cache_put_peer(int fd, const struct addr *to, uint16_t actual, uint16_t asked);

/* Returns the recorded asked port, or 0. */
uint16_t cache_get_peer(int fd, const struct addr *to, uint16_t actual);

/* Where records and their tags lie; registry.c explains it. Internal to this room. */
#ifndef REGISTRY_LAYOUT_H
#define REGISTRY_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hot.h"
#include "registry/packed_ports.h"
#include "registry/registry.h"
#include "registry/slot.h"

enum {
    SLOTS = 8192, /* a power of two */
    WINDOW = 208, /* a multiple of 16; searched in less than 100 ns */
    GROUPS = SLOTS / PACKED_PORTS,
};

/* No list of four different ports has this value. */
#define MANY UINT64_MAX

/*
 * The tags of four slots; and the last port that a program bound itself, among those whose
 * windows begin here, with a part of the number of its namespace.
 */
struct group {
    _Atomic uint64_t tags;
    _Atomic uint64_t own;
};

struct registry {
    _Atomic uint64_t magic;
    _Atomic uint64_t newest; /* the stamp of the last record */
    _Atomic uint64_t identity;
    _Atomic uint64_t unused[13];
    struct group group[GROUPS];
    _Atomic uint64_t actuals[65536];
    struct slot slot[SLOTS];
};

/* Returns the first group of a port's window, which depends on the namespace. */
HOT static inline unsigned layout_first_group(uint64_t netns, uint16_t port)
{
    uint16_t scattered = (uint16_t)(port * 40503U); /* odd: no two ports become one */
    uint16_t moved = (uint16_t)(netns * UINT64_C(11400714819323198485) >> 48);
    return (uint16_t)(scattered ^ moved) / (65536 / GROUPS);
}

HOT static inline unsigned layout_slot_index(uint64_t netns, uint16_t port, unsigned step)
{
    return (layout_first_group(netns, port) * PACKED_PORTS + step) % SLOTS;
}

HOT static inline uint16_t layout_tag_at(const struct registry *r, unsigned index)
{
    uint64_t word =
        atomic_load_explicit(&r->group[index / PACKED_PORTS].tags, memory_order_acquire);
    return packed_ports_at(word, index % PACKED_PORTS);
}

/* Returns a bit for each lane that is the port or 0. */
HOT static inline uint64_t layout_interesting(const struct registry *r, unsigned group,
                                              uint16_t port)
{
    uint64_t tags = atomic_load_explicit(&r->group[group % GROUPS].tags, memory_order_acquire);
    uint64_t other = tags ^ PACKED_ONES * port;

    return (((other - PACKED_ONES) & ~other) | ((tags - PACKED_ONES) & ~tags)) & PACKED_HIGH;
}

/* Skips groups, four at a time, that have neither the port nor the end of the window. */
HOT static inline void layout_skip_others(const struct registry *r, unsigned group, uint16_t port,
                                          unsigned *step)
{
    while (*step < WINDOW) {
        unsigned at = group + *step / PACKED_PORTS;
        if ((layout_interesting(r, at, port) | layout_interesting(r, at + 1, port) |
             layout_interesting(r, at + 2, port) | layout_interesting(r, at + 3, port)) != 0)
            return;
        *step += 4 * PACKED_PORTS;
    }
}

/* Finds the next slot that is tagged with the port, from *step on. */
HOT static inline bool layout_next_tagged(const struct registry *r, uint64_t netns, uint16_t port,
                                          unsigned *step, unsigned *index)
{
    unsigned group = layout_first_group(netns, port);

    while (*step < WINDOW) {
        unsigned at = (group + *step / PACKED_PORTS) % GROUPS, lane = *step % PACKED_PORTS;
        uint64_t word = atomic_load_explicit(&r->group[at].tags, memory_order_acquire);
        if (lane == 0 && !packed_ports_have(word, port)) {
            if (packed_ports_have_zero(word))
                return false;
            *step += PACKED_PORTS;
            layout_skip_others(r, group, port, step);
            continue;
        }
        uint16_t tag = packed_ports_at(word, lane);
        if (tag == 0)
            return false;
        (*step)++;
        if (tag == port) {
            *index = at * PACKED_PORTS + lane;
            return true;
        }
    }
    return false;
}

#endif

/* Ports side by side, four to a word, so that many are compared at once. */
#ifndef REGISTRY_LANES_H
#define REGISTRY_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hot.h"

enum { LANES = 4 }; /* ports in a word */

/* Four lanes of 1, and of the highest bit. */
#define LANES_1 UINT64_C(0x0001000100010001)
#define LANES_HIGH UINT64_C(0x8000800080008000)

HOT static inline uint16_t lanes_at(uint64_t word, unsigned lane)
{
    return (uint16_t)(word >> (lane * 16));
}

HOT static inline bool lanes_have_zero(uint64_t word)
{
    return ((word - LANES_1) & ~word & LANES_HIGH) != 0;
}

HOT static inline bool lanes_have(uint64_t word, uint16_t port)
{
    return lanes_have_zero(word ^ LANES_1 * port);
}

/* The highest bit of each lane that is 0, and of no other. */
HOT static inline uint64_t lanes_zero(uint64_t word)
{
    return ~(((word & ~LANES_HIGH) + ~LANES_HIGH) | word | ~LANES_HIGH);
}

/* The lane of a word that alone has the port, where the window ends in this word too; else -1. */
HOT static inline int lanes_only(uint64_t tags, uint16_t port)
{
    uint64_t matches = lanes_zero(tags ^ LANES_1 * port), ends = lanes_zero(tags);
    bool is_only = matches != 0 && (matches & (matches - 1)) == 0 && matches < (ends & -ends);
    return is_only ? __builtin_ctzll(matches) / 16 : -1;
}

/* Whether the tags that a window begins with leave it open that the port is in it. */
HOT static inline bool lanes_may_have(uint64_t tags, uint16_t port)
{
    return port != 0 && (lanes_have(tags, port) || !lanes_have_zero(tags));
}

#endif

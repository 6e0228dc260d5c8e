/* Four ports in a word, to compare them at once. */
#ifndef REGISTRY_PACKED_PORTS_H
#define REGISTRY_PACKED_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hot.h"

enum { PACKED_PORTS = 4 }; /* ports in a word */

/* 1, or the highest bit, in each of the four lanes. */
#define PACKED_ONES UINT64_C(0x0001000100010001)
#define PACKED_HIGH UINT64_C(0x8000800080008000)

HOT static inline uint16_t packed_ports_at(uint64_t word, unsigned lane)
{
    return (uint16_t)(word >> (lane * 16));
}

HOT static inline bool packed_ports_have_zero(uint64_t word)
{
    return ((word - PACKED_ONES) & ~word & PACKED_HIGH) != 0;
}

HOT static inline bool packed_ports_have(uint64_t word, uint16_t port)
{
    return packed_ports_have_zero(word ^ PACKED_ONES * port);
}

/* Returns the highest bit of each lane that is 0. */
HOT static inline uint64_t packed_ports_zero(uint64_t word)
{
    return ~(((word & ~PACKED_HIGH) + ~PACKED_HIGH) | word | ~PACKED_HIGH);
}

/* Returns the only lane that has the port, if the window also ends in this word, else -1. */
HOT static inline int packed_ports_only(uint64_t tags, uint16_t port)
{
    uint64_t matches = packed_ports_zero(tags ^ PACKED_ONES * port), ends = packed_ports_zero(tags);
    bool is_only = matches != 0 && (matches & (matches - 1)) == 0 && matches < (ends & -ends);
    return is_only ? __builtin_ctzll(matches) / 16 : -1;
}

/* Returns whether a window that begins with these tags may contain the port. */
HOT static inline bool packed_ports_may_have(uint64_t tags, uint16_t port)
{
    return port != 0 && (packed_ports_have(tags, port) || !packed_ports_have_zero(tags));
}

#endif

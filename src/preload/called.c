#include "preload/called.h"

#include <stdatomic.h>

#include "core/hot.h"

enum { PLACES = 128 };

/* A descriptor and one added, the actual port and the asked one, in one word. */
static _Atomic uint64_t places[PLACES];

static _Atomic uint64_t *place_of(int fd, uint16_t actual)
{
    return &places[((unsigned)fd * 31 + actual) % PLACES];
}

static uint64_t key_of(int fd, uint16_t actual)
{
    return ((uint64_t)(uint32_t)fd + 1) << 16 | actual;
}

HOT void called_note(int fd, uint16_t actual, uint16_t asked)
{
    _Atomic uint64_t *place = place_of(fd, actual);
    uint64_t word = key_of(fd, actual) << 16 | asked;

    if (atomic_load_explicit(place, memory_order_relaxed) != word)
        atomic_store_explicit(place, word, memory_order_relaxed);
}

HOT uint16_t called_port(int fd, uint16_t actual)
{
    uint64_t word = atomic_load_explicit(place_of(fd, actual), memory_order_relaxed);
    return word >> 16 == key_of(fd, actual) ? (uint16_t)word : 0;
}

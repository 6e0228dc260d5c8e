#include "preload/called.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "core/hot.h"

enum { PLACES = 128 };

/* 48 bits of a hash of who was called, and the asked port, in one word. */
static _Atomic uint64_t places[PLACES];

HOT static uint64_t key_of(int fd, const struct addr *to, uint16_t actual)
{
    uint64_t words[2] = {0, 0};
    uint64_t key = (uint64_t)(uint32_t)fd << 16 | actual;

    if (to != NULL)
        memcpy(words, to->bytes, sizeof(words));
    key = (key ^ words[0] ^ (to != NULL)) * UINT64_C(0x9e3779b97f4a7c15);
    key = (key ^ key >> 29 ^ words[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    return (key ^ key >> 32) << 16;
}

HOT static _Atomic uint64_t *place_of(uint64_t key)
{
    return &places[(key >> 16) % PLACES];
}

HOT static void note(uint64_t key, uint16_t asked)
{
    _Atomic uint64_t *place = place_of(key);

    if (atomic_load_explicit(place, memory_order_relaxed) != (key | asked))
        atomic_store_explicit(place, key | asked, memory_order_relaxed);
}

HOT void called_note(int fd, const struct addr *to, uint16_t actual, uint16_t asked)
{
    note(key_of(fd, to, actual), asked);
    note(key_of(fd, NULL, actual), asked);
}

HOT uint16_t called_port(int fd, const struct addr *to, uint16_t actual)
{
    uint64_t key = key_of(fd, to, actual);
    uint64_t word = atomic_load_explicit(place_of(key), memory_order_relaxed);
    return word >> 16 == key >> 16 ? (uint16_t)word : 0;
}

#include "preload/called.h"

#include <stdatomic.h>
#include <string.h>

#include "core/hot.h"

enum { PLACES = 128 };

/* 48 bits of a hash of who was called, and the asked port, in one word. */
static _Atomic uint64_t places[PLACES];

HOT static uint64_t key_of(int fd, const struct addr *to, uint16_t actual)
{
    uint64_t words[2];
    uint64_t key = (uint64_t)(uint32_t)fd << 16 | actual;

    memcpy(words, to->bytes, sizeof(words));
    key = (key ^ words[0]) * UINT64_C(0x9e3779b97f4a7c15);
    key = (key ^ key >> 29 ^ words[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    return (key ^ key >> 32) << 16;
}

HOT static _Atomic uint64_t *place_of(uint64_t key)
{
    return &places[(key >> 16) % PLACES];
}

HOT void called_note(int fd, const struct addr *to, uint16_t actual, uint16_t asked)
{
    uint64_t word = key_of(fd, to, actual) | asked;
    _Atomic uint64_t *place = place_of(word);

    if (atomic_load_explicit(place, memory_order_relaxed) != word)
        atomic_store_explicit(place, word, memory_order_relaxed);
}

HOT uint16_t called_port(int fd, const struct addr *to, uint16_t actual)
{
    uint64_t key = key_of(fd, to, actual);
    uint64_t word = atomic_load_explicit(place_of(key), memory_order_relaxed);
    return word >> 16 == key >> 16 ? (uint16_t)word : 0;
}

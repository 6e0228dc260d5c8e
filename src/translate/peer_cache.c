#include "translate/peer_cache.h"

#include <stdatomic.h>
#include <string.h>

#include "core/hot.h"
#include "translate/engine.h"

enum { PLACES = 128 };

/* A hash of the host with the socket, the socket, the actual port and the asked one. */
static _Atomic uint64_t places[PLACES];

HOT static uint64_t key_of(int socket, const struct addr *to, uint16_t actual)
{
    uint64_t words[2];

    memcpy(words, to->bytes, sizeof(words));
    uint64_t host =
        (words[0] ^ words[1] ^ (uint64_t)(unsigned)socket) * UINT64_C(0x9e3779b97f4a7c15);
    return (host >> 48 << 48) | (uint64_t)(uint16_t)socket << 32 | (uint64_t)actual << 16;
}

HOT static _Atomic uint64_t *place_of(uint64_t key)
{
    return &places[((key >> 32) ^ (key >> 16)) % PLACES];
}

HOT void peer_cache_put(int fd, const struct addr *to, uint16_t actual, uint16_t asked)
{
    uint64_t word = key_of(engine_socket(fd), to, actual) | asked;
    _Atomic uint64_t *place = place_of(word);

    if (atomic_load_explicit(place, memory_order_relaxed) != word)
        atomic_store_explicit(place, word, memory_order_relaxed);
}

HOT uint16_t peer_cache_get(int fd, const struct addr *to, uint16_t actual)
{
    uint64_t key = key_of(engine_socket(fd), to, actual);
    uint64_t word = atomic_load_explicit(place_of(key), memory_order_relaxed);
    return word >> 16 == key >> 16 ? (uint16_t)word : 0;
}

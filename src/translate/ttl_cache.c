#include "translate/ttl_cache.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/hot.h"

/* A word of it: 28 bits of the key, 20 of the time, which are hours, 16 of the answer. */
enum {
    PLACES = 64,
    TICKS = 6, /* how long an answer holds */
    TICK_MASK = 0xfffff,
    KEY_SHIFT = 36,
};

static _Atomic uint64_t places[PLACES];

/*
 * The time in steps of some 5 to 17 ms, by whichever clock can be read at the least
 * cost: after a system call, that of clock_gettime(2) takes longer than all the rest.
 */
HOT static uint64_t tick(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc() >> 24; /* of a clock of 1 to 4 GHz */
#elif defined(__aarch64__)
    uint64_t count, frequency;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return count / (frequency / 64 + 1);
#else
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return ((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) / 16;
#endif
}

HOT uint64_t ttl_cache_key(uint64_t key, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t part; size > 0; at += part, size -= part) {
        uint64_t word = 0;
        part = size < sizeof(word) ? size : sizeof(word);
        memcpy(&word, at, part);
        key = (key ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        key ^= key >> 29;
    }
    return key * UINT64_C(0xbf58476d1ce4e5b9);
}

static _Atomic uint64_t *place_of(uint64_t key)
{
    return &places[(key >> (KEY_SHIFT - 6)) % PLACES];
}

HOT bool ttl_cache_get(uint64_t key, uint16_t *answer)
{
    uint64_t word = atomic_load_explicit(place_of(key), memory_order_relaxed);

    if (word >> KEY_SHIFT != key >> KEY_SHIFT || ((tick() - (word >> 16)) & TICK_MASK) > TICKS)
        return false;
    *answer = (uint16_t)word;
    return true;
}

void ttl_cache_put(uint64_t key, uint16_t answer)
{
    uint64_t word = key >> KEY_SHIFT << KEY_SHIFT | (tick() & TICK_MASK) << 16 | answer;
    atomic_store_explicit(place_of(key), word, memory_order_relaxed);
}

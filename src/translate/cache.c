/*
 * Three tables of single words, without locks. A word is written over by the next one that
 * belongs in its place.
 */
#include "translate/cache.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/hot.h"
#include "linux/netns.h"
#include "translate/engine.h"

/* ---- answers that hold for a moment ---- */

/* A word: 28 bits of the key, 20 bits of the time (some hours), 16 bits of the answer. */
enum {
    ANSWERS = 64,
    TICKS = 6, /* how long an answer holds */
    FRESH = 1, /* how long it is fresh */
    TICK_MASK = 0xfffff,
    KEY_SHIFT = 36,
};

static _Atomic uint64_t answers[ANSWERS];

/*
 * Returns the time in steps of 5 to 17 ms, from the clock that is cheapest to read:
 * clock_gettime(2) would take longer than all the rest.
 */
HOT static uint64_t tick(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc() >> 24; /* a clock of 1 to 4 GHz */
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

HOT uint64_t cache_key(uint64_t key, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t part; size > 0; at += part, size -= part) {
        uint64_t word = 0;
        part = size < sizeof(word) ? size : sizeof(word);
        memcpy(&word, at, part);
        key = (key ^ word) * CACHE_MIX;
        key ^= key >> 29;
    }
    return key * CACHE_MIX_LAST;
}

static _Atomic uint64_t *answer_place(uint64_t key)
{
    return &answers[(key >> (KEY_SHIFT - 6)) % ANSWERS];
}

/* Returns whether the word is an answer to the key that is not older. */
HOT static inline bool is_answer(uint64_t word, uint64_t key, unsigned ticks)
{
    return word >> KEY_SHIFT == key >> KEY_SHIFT && ((tick() - (word >> 16)) & TICK_MASK) <= ticks;
}

HOT bool cache_get(uint64_t key, uint16_t *answer)
{
    uint64_t word = atomic_load_explicit(answer_place(key), memory_order_relaxed);

    if (!is_answer(word, key, TICKS))
        return false;
    *answer = (uint16_t)word;
    return true;
}

HOT bool cache_is_fresh(uint64_t key)
{
    return is_answer(atomic_load_explicit(answer_place(key), memory_order_relaxed), key, FRESH);
}

void cache_put(uint64_t key, uint16_t answer)
{
    uint64_t word = key >> KEY_SHIFT << KEY_SHIFT | (tick() & TICK_MASK) << 16 | answer;
    atomic_store_explicit(answer_place(key), word, memory_order_relaxed);
}

HOT enum route cache_route(uint64_t netns, const struct addr *to)
{
    struct addr addr = addr_unmapped(to);
    uint16_t answer;
    int saved = errno;

    if (addr_is_wildcard(&addr) || addr_is_loopback(&addr))
        return ROUTE_LOCAL;
    if (addr_is_group(&addr))
        return ROUTE_GROUP;
    uint64_t key = cache_key('r' ^ netns, &addr, sizeof(addr));
    if (!cache_get(key, &answer)) {
        answer = (uint16_t)(netns_is_own(netns) ? route_of(&addr) : ROUTE_AWAY);
        cache_put(key, answer);
    }
    errno = saved;
    return (enum route)answer;
}

/* ---- the asked ports of names ---- */

enum { NAMES = 8 }; /* a process has few ports, and its data has one page (tests/e2e/library) */

/* A word: 48 bits of the key, the asked port. */
static _Atomic uint64_t names[NAMES];

HOT_REST static uint64_t mix_ipv6(uint64_t key, const struct sockaddr *name)
{
    const char *addr = (const char *)name + offsetof(struct sockaddr_in6, sin6_addr);
    return cache_key(key, addr, sizeof(struct in6_addr));
}

/*
 * Another name, namespace or state of the registry has another key. No multiplication waits for another if
 * the name is of IPv4: the next system call waits for the result.
 */
HOT static inline uint64_t name_key(const struct registry *r, uint64_t netns,
                                    const struct sockaddr *name)
{
    uint64_t state = netns ^ (uint64_t)registry_changes(r) << 32, word;

    endpoint_copy(&word, name, sizeof(word)); /* family, port, and an address of IPv4 */
    uint64_t key = word * CACHE_MIX ^ state * CACHE_MIX_LAST;
    return endpoint_family(name) == AF_INET ? key : mix_ipv6(key, name);
}

HOT uint16_t cache_quick_port(const struct registry *r, uint64_t netns, uint16_t port,
                              const struct sockaddr *name)
{
    uint64_t key = name_key(r, netns, name);
    _Atomic uint64_t *place = &names[port % NAMES];
    uint64_t word = atomic_load_explicit(place, memory_order_relaxed);

    if (registry_has_passed(r, port))
        return 0;
    if (word >> 16 == key >> 16)
        return (uint16_t)word;
    uint16_t asked = registry_quick_port(r, netns, name);
    atomic_store_explicit(place, key >> 16 << 16 | asked, memory_order_relaxed);
    return asked;
}

/* ---- the asked ports of peers ---- */

enum { PEERS = 64 };

/* A word: a hash of host and socket, the socket, the actual port, the asked port. */
static _Atomic uint64_t peers[PEERS];

HOT static uint64_t peer_key(int socket, const struct addr *to, uint16_t actual)
{
    uint64_t words[2];

    memcpy(words, to->bytes, sizeof(words));
    uint64_t host = (words[0] ^ words[1] ^ (uint64_t)(unsigned)socket) * CACHE_MIX;
    return (host >> 48 << 48) | (uint64_t)(uint16_t)socket << 32 | (uint64_t)actual << 16;
}

HOT static _Atomic uint64_t *peer_place(uint64_t key)
{
    return &peers[((key >> 32) ^ (key >> 16)) % PEERS];
}

HOT void cache_put_peer(int fd, const struct addr *to, uint16_t actual, uint16_t asked)
{
    uint64_t word = peer_key(engine_socket(fd), to, actual) | asked;
    _Atomic uint64_t *place = peer_place(word);

    if (atomic_load_explicit(place, memory_order_relaxed) != word)
        atomic_store_explicit(place, word, memory_order_relaxed);
}

HOT uint16_t cache_get_peer(int fd, const struct addr *to, uint16_t actual)
{
    uint64_t key = peer_key(engine_socket(fd), to, actual);
    uint64_t word = atomic_load_explicit(peer_place(key), memory_order_relaxed);
    return word >> 16 == key >> 16 ? (uint16_t)word : 0;
}

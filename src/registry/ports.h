/*
 * What single words of a registry say: of nearly all ports, that there is no record. Inline, since most
 * calls need no more. Only this room writes the words.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hot.h"

enum { REGISTRY_PORTS = 65536 };

struct registry;

/* What a registry begins with. */
struct registry_ports {
    _Alignas(64) _Atomic uint64_t magic;
    _Atomic uint64_t identity;
    _Atomic uint32_t newest;       /* the stamp of the last record */
    _Atomic uint32_t marks;        /* the last mark */
    _Atomic uint32_t has_narrowed; /* 1 if there ever was a record with RECORD_ASKED_IPV4 */
    _Atomic uint32_t changes;      /* see registry_changes() */
    _Atomic uint32_t unused[8];
    /* A bit for each port that ever was the actual one of a record. */
    _Atomic uint32_t actual[REGISTRY_PORTS / 32];
    _Atomic uint32_t asked[REGISTRY_PORTS];  /* the parts in which an asked port ever was */
    _Atomic uint32_t passed[REGISTRY_PORTS]; /* binds that are counted only (settle.c) */
};

HOT static inline const struct registry_ports *ports_of(const struct registry *r)
{
    return (const void *)r;
}

HOT static inline uint64_t ports_mix(uint64_t value)
{
    value *= UINT64_C(0x9e3779b97f4a7c15);
    return value ^ value >> 32;
}

/* Returns the index in `asked` of an asked port. Other ports may share it. */
HOT static inline uint16_t ports_asked(uint64_t netns, uint16_t port)
{
    return (uint16_t)(port ^ ports_mix(netns) >> 48);
}

/*
 * Returns a number that has changed once an entry was put, refreshed or removed, or a socket added. An
 * answer that was found after it was read holds as long as it stays the same, except that sockets may be
 * counted: registry_has_passed() tells that.
 */
HOT static inline uint32_t registry_changes(const struct registry *r)
{
    return atomic_load_explicit(&ports_of(r)->changes, memory_order_acquire);
}

/* Returns whether there ever was an entry of this actual port, in any namespace. */
HOT static inline bool registry_may_have(const struct registry *r, uint16_t port)
{
    uint32_t bits = atomic_load_explicit(&ports_of(r)->actual[port / 32], memory_order_acquire);
    return (bits >> port % 32 & 1) != 0;
}

/* Returns whether there ever was an entry of an IPv6 socket for an address of IPv4. */
HOT static inline bool registry_has_narrowed(const struct registry *r)
{
    return atomic_load_explicit(&ports_of(r)->has_narrowed, memory_order_acquire) != 0;
}

/* Returns false if there never was an entry of this asked port. True may be wrong. */
HOT static inline bool registry_has_asked(const struct registry *r, uint64_t netns, uint16_t port)
{
    const _Atomic uint32_t *parts = &ports_of(r)->asked[ports_asked(netns, port)];
    return atomic_load_explicit(parts, memory_order_acquire) != 0;
}

/*
 * Returns whether sockets of the port are counted but not recorded. registry_settle records them.
 */
HOT static inline bool registry_has_passed(const struct registry *r, uint16_t port)
{
    return atomic_load_explicit(&ports_of(r)->passed[port], memory_order_acquire) != 0;
}

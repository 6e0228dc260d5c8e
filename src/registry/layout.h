/* The layout of the registry's memory, which registry.c explains. Internal to this room. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hot.h"
#include "registry/record.h"
#include "registry/registry.h"

enum {
    BUCKETS = 1024, /* a power of two */
    BUCKET_RECORDS = 7,
    RECORDS = BUCKETS * BUCKET_RECORDS,
    LANES = 4,  /* ports in a word */
    PART = 256, /* the records of a bit of `asked` */
};

/*
 * What a tag says of its record:
 *
 * - TAG_FREE: there is none.
 * - TAG_BUSY, with the time above it: it is being written.
 * - TAG_VALID, with a hash of its actual endpoint in the upper half. In between is 0, or the mark of
 *   a process that is asking the kernel whether the record is stale (settle.c).
 */
enum { TAG_FREE = 0, TAG_BUSY = 1, TAG_VALID = 2, TAG_STATE = 3 };
#define TAG_MARK UINT64_C(0xfffffffc)

/* A cache line. `passed_by` is not 0 if a record had to go to a bucket behind this one. */
struct bucket {
    _Alignas(64) _Atomic uint64_t tag[BUCKET_RECORDS];
    _Atomic uint64_t passed_by;
};

_Static_assert(RECORDS <= 32 * PART, "a bit for each part");

struct registry {
    struct registry_ports ports;
    struct bucket bucket[BUCKETS];
    _Atomic uint64_t asked_ports[RECORDS / LANES]; /* of each record, also of a free one */
    struct record_slot slot[RECORDS];
};

/*
 * Programs of 32 and of 64 bits share it: nothing in it depends on the machine but the byte order. No
 * machine may need a lock for its words, which other processes would not have.
 */
_Static_assert(sizeof(struct bucket) == 64, "a bucket fills a cache line");
_Static_assert(offsetof(struct registry, ports.actual) == 64, "the head is one line");
_Static_assert(offsetof(struct registry, bucket) == 64 + REGISTRY_PORTS / 8 + 8 * REGISTRY_PORTS,
               "no gaps");
_Static_assert(offsetof(struct registry, slot) ==
                   offsetof(struct registry, bucket) + 64 * BUCKETS + 2 * RECORDS,
               "no gaps");
_Static_assert(sizeof(struct registry) ==
                   offsetof(struct registry, slot) + RECORDS * sizeof(struct record_slot),
               "no gaps");

/* Returns the first bucket of an actual port. */
HOT static inline unsigned layout_bucket(uint64_t netns, uint16_t port)
{
    return (unsigned)(ports_mix(netns ^ (uint64_t)port << 48) >> 20) % BUCKETS;
}

/* Returns the tag of a record without a mark. */
HOT static inline uint64_t layout_tag(uint16_t port, uint8_t family, const uint64_t addr[2])
{
    uint64_t hash =
        ports_mix(addr[0] ^ (addr[1] << 7 | addr[1] >> 57) ^ (uint64_t)port << 24 ^ family);
    return hash << 32 | TAG_VALID;
}

static inline _Atomic uint64_t *layout_tag_of(struct registry *r, unsigned index)
{
    return &r->bucket[index / BUCKET_RECORDS].tag[index % BUCKET_RECORDS];
}

/* Replaces a tag, whatever its mark is. Returns false if it is not there. */
static inline bool layout_replace_tag(struct registry *r, unsigned index, uint64_t tag,
                                      uint64_t new)
{
    uint64_t now = atomic_load(layout_tag_of(r, index));

    while ((now & ~TAG_MARK) == tag) {
        if (atomic_compare_exchange_weak(layout_tag_of(r, index), &now, new))
            return true;
    }
    return false;
}

/* Returns whether a record can be read there. */
static inline bool layout_is_valid(const struct registry *r, unsigned index)
{
    const struct bucket *b = &r->bucket[index / BUCKET_RECORDS];
    return (atomic_load_explicit(&b->tag[index % BUCKET_RECORDS], memory_order_acquire) &
            TAG_VALID) != 0;
}

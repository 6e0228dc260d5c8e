/*
 * One record, in memory that others read and write at the same time.
 *
 * A writer clears the stamp, writes the other words, and writes the stamp last. No two records have
 * the same one. A reader reads the stamp, the other words, and the stamp again. So it needs no
 * lock and never waits for a writer, which may have been killed: half a record is none. The first
 * cache line has what look-ups compare.
 *
 * A later bind of the same endpoints refreshes the record: who bound it, and when. These words are
 * written one by one, since nothing depends on more than one of them, and the new stamp last.
 * Internal to this room.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/hot.h"
#include "registry/registry.h"

enum {
    RECORD_KEY_WORDS = 8, /* the first cache line */
    RECORD_KEY_SIZE = RECORD_KEY_WORDS * sizeof(uint64_t),
    RECORD_WORDS = 16,
};

struct record_slot {
    _Alignas(64) _Atomic uint64_t word[RECORD_WORDS];
};

enum {
    RECORD_V6ONLY = 1,
    RECORD_NOTIFY = 2,
    RECORD_LISTED = 4, /* taken from the kernel's list; its process may be about to record more */
    RECORD_ASKED_IPV4 = 8, /* of an IPv6 socket that was passed in place of an IPv4 one */
    RECORD_ADOPTED = 16,   /* a passed socket: it is listed though it has its asked endpoint */
    RECORD_DROPPED = 32,   /* no packet reaches the socket */
};

/* What the words hold. The first one is 0 while a record is being written. */
struct record {
    uint32_t stamp, since;
    uint16_t asked_port, actual_port;
    uint8_t proto, family, flags, unused;
    uint64_t netns;
    uint64_t actual_addr[2];
    uint64_t asked_addr[2];
    uint32_t uid, pid;
    uint32_t pid_namespace, unused2;
    char program[16];
    uint32_t inode[REGISTRY_INODES];
    uint64_t unused3;
};

_Static_assert(sizeof(struct record) == sizeof(struct record_slot), "a record fills its slot");
_Static_assert(offsetof(struct record, pid_namespace) == RECORD_KEY_SIZE, "the key is one line");
_Static_assert(offsetof(struct record, netns) == 16 && offsetof(struct record, uid) == 56 &&
                   offsetof(struct record, inode) == 88,
               "the same for programs of 32 and of 64 bits");

/* Copies the first words. Returns false, with anything in *record, if there is no whole record. */
HOT static inline bool record_read_words(const struct record_slot *s, struct record *record,
                                         int count)
{
    enum { TRIES = 64 }; /* a record may be refreshed meanwhile */

    for (int try = 0; try < TRIES; try++) {
        uint64_t first = atomic_load_explicit(&s->word[0], memory_order_acquire);
        if (first == 0)
            return false;
        memcpy(record, &first, sizeof(first));
        for (int i = 1; i < count; i++) {
            uint64_t word = atomic_load_explicit(&s->word[i], memory_order_acquire);
            memcpy((char *)record + (size_t)i * sizeof(word), &word, sizeof(word));
        }
        if (atomic_load_explicit(&s->word[0], memory_order_relaxed) == first)
            return true;
    }
    return false;
}

HOT static inline bool record_read_key(const struct record_slot *s, struct record *record)
{
    return record_read_words(s, record, RECORD_KEY_WORDS);
}

/* Copies the whole record, and checks it: another program may have written to the file. */
static inline bool record_read(const struct record_slot *s, struct record *record)
{
    if (!record_read_words(s, record, RECORD_WORDS))
        return false;
    record->program[sizeof(record->program) - 1] = '\0';
    return record->proto >= PROTO_TCP && record->proto <= PROTO_SCTP && record->asked_port != 0 &&
           record->actual_port != 0 && (record->family == AF_INET || record->family == AF_INET6);
}

static inline void record_write(struct record_slot *s, const struct record *record)
{
    uint64_t word[RECORD_WORDS];

    memcpy(word, record, sizeof(word));
    atomic_store_explicit(&s->word[0], 0, memory_order_relaxed);
    for (int i = RECORD_WORDS - 1; i >= 0; i--)
        atomic_store_explicit(&s->word[i], word[i], memory_order_release);
}

/* Writes what may differ between binds of the same endpoints, but for the inodes. */
static inline void record_refresh(struct record_slot *s, const struct record *record)
{
    uint64_t word[RECORD_WORDS];
    const int last = offsetof(struct record, inode) / sizeof(uint64_t);

    memcpy(word, record, sizeof(word));
    atomic_store_explicit(&s->word[1], word[1], memory_order_release); /* the flags */
    for (int i = RECORD_KEY_WORDS - 1; i < last; i++)
        atomic_store_explicit(&s->word[i], word[i], memory_order_release);
    atomic_store_explicit(&s->word[0], word[0], memory_order_release);
}

/* Returns the i-th inode of a record, in its slot. */
static inline _Atomic uint32_t *record_inode(struct record_slot *s, int i)
{
    return (_Atomic uint32_t *)(void *)((char *)s + offsetof(struct record, inode)) + i;
}

HOT static inline bool record_same_addr(const uint64_t a[2], const uint64_t b[2])
{
    return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
}

static inline bool record_same_endpoint(const struct record *a, const struct record *b)
{
    return a->actual_port == b->actual_port && a->family == b->family && a->proto == b->proto &&
           a->netns == b->netns && record_same_addr(a->actual_addr, b->actual_addr);
}

HOT static inline bool record_same_asked(const struct record *a, const struct record *b)
{
    return a->asked_port == b->asked_port && record_same_addr(a->asked_addr, b->asked_addr);
}

/* Returns whether both sockets, or neither, were passed in place of one of IPv4. */
static inline bool record_same_family(const struct record *a, const struct record *b)
{
    return ((a->flags ^ b->flags) & RECORD_ASKED_IPV4) == 0;
}

/* Returns whether the record is of a socket that has its asked endpoint. */
static inline bool record_is_itself(const struct record *record)
{
    return (record->flags & RECORD_ADOPTED) == 0 && record->asked_port == record->actual_port &&
           record_same_addr(record->asked_addr, record->actual_addr);
}

/*
 * Returns whether `a` replaces `b`, a record of the same endpoint: if it is newer, or only `b` is
 * from the kernel's list.
 */
HOT static inline bool record_is_better(const struct record *a, const struct record *b)
{
    if (((a->flags ^ b->flags) & RECORD_LISTED) != 0)
        return (b->flags & RECORD_LISTED) != 0;
    return (int32_t)(a->stamp - b->stamp) > 0;
}

HOT static inline struct addr record_addr(const struct record *record, const uint64_t words[2])
{
    struct addr a = {.family = record->family};
    memcpy(a.bytes, words, sizeof(a.bytes));
    return a;
}

/* Fills in what look-ups by an actual endpoint return. */
HOT static inline void record_to_key(const struct record *record, struct registry_entry *e)
{
    enum proto proto = (enum proto)record->proto;

    e->asked =
        (struct endpoint){proto, record_addr(record, record->asked_addr), record->asked_port};
    if ((record->flags & RECORD_ASKED_IPV4) != 0)
        e->asked.addr.family = AF_INET;
    e->actual =
        (struct endpoint){proto, record_addr(record, record->actual_addr), record->actual_port};
    e->since = record->since;
}

static inline void record_to_entry(const struct record *record, struct registry_entry *e)
{
    record_to_key(record, e);
    e->netns = record->netns;
    e->order = record->stamp;
    e->pid = record->pid;
    e->uid = record->uid;
    e->is_dropped = (record->flags & RECORD_DROPPED) != 0;
    e->is_adopted = (record->flags & RECORD_ADOPTED) != 0;
    e->v6only = (record->flags & RECORD_V6ONLY) != 0;
    e->engine = (record->flags & RECORD_NOTIFY) != 0 ? ENGINE_NOTIFY : ENGINE_PRELOAD;
    memcpy(e->inode, record->inode, sizeof(e->inode));
    memcpy(e->program, record->program, sizeof(e->program));
}

HOT static inline struct record record_of(const struct registry_entry *e)
{
    struct record record = {
        .asked_port = e->asked.port,
        .actual_port = e->actual.port,
        .proto = (uint8_t)e->actual.proto,
        .family = e->actual.addr.family,
        .flags = (uint8_t)((e->v6only ? RECORD_V6ONLY : 0) | (e->is_adopted ? RECORD_ADOPTED : 0) |
                           (e->is_dropped ? RECORD_DROPPED : 0) |
                           (e->asked.addr.family == AF_INET && e->actual.addr.family == AF_INET6
                                ? RECORD_ASKED_IPV4
                                : 0) |
                           (e->engine == ENGINE_NOTIFY ? RECORD_NOTIFY : 0)),
        .netns = e->netns,
        .pid = e->pid,
        .pid_namespace = e->pid_namespace,
    };
    memcpy(record.actual_addr, e->actual.addr.bytes, sizeof(record.actual_addr));
    memcpy(record.asked_addr, e->asked.addr.bytes, sizeof(record.asked_addr));
    memcpy(record.inode, e->inode, sizeof(record.inode));
    memcpy(record.program, e->program, sizeof(record.program));
    return record;
}

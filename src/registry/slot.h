/* One record in memory that other processes read and write at the same time. */
#ifndef REGISTRY_SLOT_H
#define REGISTRY_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/endpoint.h"

enum {
    SLOT_WORDS = 15,
    SLOT_KEY_WORDS = 7, /* what look-ups need: with the sequence, one cache line */
    SLOT_INODES = 8,
};

struct slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t word[SLOT_WORDS];
};

/* Flags of a record. */
enum {
    SLOT_V6ONLY = 1,
    SLOT_NOTIFY = 2,    /* the engine */
    SLOT_CONTESTED = 4, /* another protocol uses or used the port differently */
};

/*
 * The words of a slot. What look-ups need comes first. family is AF_UNSPEC in an unused slot.
 * proto is PROTO_ANY if it is unknown.
 */
struct slot_record {
    uint16_t asked_port, actual_port;
    uint8_t proto, family;
    uint8_t flags, reserved;
    uint64_t netns;
    uint8_t actual_addr[16];
    uint8_t asked_addr[16];
    uint32_t stamp, since;
    uint32_t uid, reserved2;
    char program[16];
    uint32_t pid, reserved3;
    uint32_t inode[SLOT_INODES];
};

_Static_assert(offsetof(struct slot_record, asked_port) == 0 &&
                   offsetof(struct slot_record, netns) == 8 &&
                   offsetof(struct slot_record, actual_addr) == 16 &&
                   offsetof(struct slot_record, asked_addr) == 32,
               "registry.c and put.c read them word by word");
_Static_assert(offsetof(struct slot_record, stamp) == 48 &&
                   offsetof(struct slot_record, inode) == 88,
               "put.c compares what is before and after the times, word by word");
_Static_assert(sizeof(struct slot) == 128, "a slot is two cache lines");
_Static_assert(sizeof(struct slot_record) == SLOT_WORDS * sizeof(uint64_t),
               "a record fills the words");

enum slot_state {
    SLOT_NEVER_USED,
    SLOT_BUSY, /* it is being written, or was written during the read */
    SLOT_FREE, /* removed, or invalid */
    SLOT_USED,
};

static inline bool slot_makes_sense(const struct slot_record *record)
{
    return record->proto <= PROTO_SCTP &&
           (record->family == AF_INET || record->family == AF_INET6) && record->asked_port != 0 &&
           record->actual_port != 0;
}

/*
 * Copies the first `words` words of a record: SLOT_WORDS, or SLOT_KEY_WORDS for those up to
 * `since`. The copy is valid only if the result is SLOT_USED.
 */
static inline enum slot_state slot_read(const struct slot *s, int words, struct slot_record *record)
{
    uint64_t copy[SLOT_WORDS];
    uint64_t before = atomic_load_explicit(&s->sequence, memory_order_acquire);

    if (before == 0)
        return SLOT_NEVER_USED;
    if (before % 2 != 0)
        return SLOT_BUSY;
    for (int i = 0; i < words; i++)
        copy[i] = atomic_load_explicit(&s->word[i], memory_order_acquire);
    if (atomic_load_explicit(&s->sequence, memory_order_relaxed) != before)
        return SLOT_BUSY;
    memcpy(record, copy, (size_t)words * sizeof(copy[0]));
    if (words == SLOT_WORDS)
        record->program[sizeof(record->program) - 1] = '\0';
    return slot_makes_sense(record) ? SLOT_USED : SLOT_FREE;
}

/*
 * Repeats slot_read of a SLOT_BUSY slot for up to some tens of microseconds, while its writer
 * is running. The writer may be the function that a signal handler interrupted. Keeps errno.
 */
enum slot_state slot_read_again(const struct slot *s, int words, struct slot_record *record);

/* Returns whether a running process is writing the slot. */
bool slot_is_anothers(uint64_t sequence);

/*
 * Takes the slot for the process `pid` to write. Returns false if its sequence has changed, or if
 * another running process is writing it.
 */
bool slot_take(struct slot *s, uint64_t sequence, uint32_t pid);

/* Writes the slot that slot_take took at `sequence`, and releases it. */
void slot_write(struct slot *s, uint64_t sequence, const struct slot_record *record);

/* Returns whether the process exists. Changes errno. */
bool slot_is_alive(uint32_t pid);

#endif

/* One record in memory that others read and write at the same time. */
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
    SLOT_KEY_WORDS = 7, /* of these, what look-ups need: with the sequence, one cache line */
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
    SLOT_CONTESTED = 4, /* the port is used for something else by another protocol, or was */
};

/*
 * What the words of a slot hold: first what look-ups compare and answer. family is
 * AF_UNSPEC in a slot that was given up; proto is PROTO_ANY where it was not asked.
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
    SLOT_BUSY, /* somebody writes it, or wrote it while we read */
    SLOT_FREE, /* given up, or nonsense */
    SLOT_USED,
};

static inline bool slot_makes_sense(const struct slot_record *record)
{
    return record->proto <= PROTO_SCTP &&
           (record->family == AF_INET || record->family == AF_INET6) && record->asked_port != 0 &&
           record->actual_port != 0;
}

/*
 * Copies the first `words` words of a slot's record: SLOT_WORDS, or SLOT_KEY_WORDS for
 * those up to `since`. It is to be believed only if the slot is SLOT_USED.
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
 * slot_read of a slot that was SLOT_BUSY, again for a moment, some tens of microseconds at
 * most: so long as its writer is alive, who may be about to be done, or may have been
 * interrupted by this very call. Keeps errno.
 */
enum slot_state slot_read_again(const struct slot *s, int words, struct slot_record *record);

/* Whether a slot at `sequence` is being written by a process that is alive. */
bool slot_is_anothers(uint64_t sequence);

/*
 * Takes the slot for the process `pid` to write, if it still is at `sequence`:
 * even, or odd and of a writer who is dead.
 */
bool slot_take(struct slot *s, uint64_t sequence, uint32_t pid);

/* Writes the slot that slot_take took at `sequence`, and gives it back. */
void slot_write(struct slot *s, uint64_t sequence, const struct slot_record *record);

/* Whether there is such a process. Changes errno. */
bool slot_is_alive(uint32_t pid);

#endif

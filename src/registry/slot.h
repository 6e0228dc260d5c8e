/* One record in memory that others read and write at the same time. */
#ifndef REGISTRY_SLOT_H
#define REGISTRY_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SLOT_WORDS = 15 };

struct slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t word[SLOT_WORDS];
};

/*
 * What the words of a slot hold: first what look-ups compare. proto is PROTO_ANY in
 * a slot that was given up.
 */
struct slot_record {
    uint16_t asked_port, actual_port;
    uint8_t proto, family;
    uint8_t v6only, reserved;
    uint64_t netns;
    uint8_t actual_addr[16];
    uint8_t asked_addr[16];
    uint64_t inode;
    uint64_t since;
    uint32_t pid;
    uint32_t stamp;
    char program[16];
    uint8_t unused[32];
};

_Static_assert(sizeof(struct slot) == 128, "a slot is two cache lines");
_Static_assert(sizeof(struct slot_record) == SLOT_WORDS * sizeof(uint64_t),
               "a record fills the words");

enum slot_state {
    SLOT_NEVER_USED,
    SLOT_BUSY, /* somebody writes it, or wrote it while we read */
    SLOT_FREE, /* given up, or nonsense */
    SLOT_USED,
};

/* Copies the record of a slot. It is to be believed only if the slot is SLOT_USED. */
enum slot_state slot_read(const struct slot *s, struct slot_record *record);

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

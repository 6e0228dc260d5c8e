/*
 * A table of fixed size, without locks, for processes that may be killed at any
 * instruction and for signal handlers that interrupt any function here.
 *
 * Each slot is one cache line: a sequence number and a payload of seven words.
 * The number is 0 while the slot has never been used, odd while somebody writes
 * it, and even otherwise. A writer takes a slot by moving the number from even
 * to odd with one compare-and-swap, and gives it back with the next even number.
 * A reader copies the words and believes them only if the number was even and
 * has not moved; it never waits. A writer that dies in between leaves one slot
 * odd, which everybody else then passes over.
 *
 * Slots are found by the actual port: that is what a socket's own name gives.
 * An entry may lie in any of the WINDOW slots from the port's own on; neighbouring
 * ports have neighbouring slots, so that a range of ports fills the table evenly.
 */
#include "registry/registry.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SLOTS = 2048, /* a power of two */
    WINDOW = 16,
    WORDS = 7,
};

struct slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t word[WORDS];
};

struct registry {
    _Atomic uint64_t newest; /* the stamp of the last entry */
    _Atomic uint64_t unused[WORDS];
    struct slot slot[SLOTS];
};

/* What the words of a slot hold. proto is PROTO_ANY in a slot that was given up. */
struct record {
    uint8_t asked_addr[16];
    uint8_t actual_addr[16];
    uint16_t asked_port, actual_port;
    uint8_t proto, family;
    uint8_t v6only, reserved;
    uint64_t inode;
    uint32_t pid;
    uint32_t stamp;
};

_Static_assert(sizeof(struct slot) == 64, "a slot is a cache line");
_Static_assert(sizeof(struct record) == WORDS * sizeof(uint64_t), "a record fills the words");

struct registry *registry_create(void)
{
    void *memory = mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void registry_destroy(struct registry *r)
{
    munmap(r, sizeof(*r));
}

/* ---- slots ---- */

static bool slot_read(const struct slot *s, struct record *record)
{
    uint64_t words[WORDS];
    uint64_t before = atomic_load_explicit(&s->sequence, memory_order_acquire);

    if (before == 0 || before % 2 != 0)
        return false;
    for (int i = 0; i < WORDS; i++)
        words[i] = atomic_load_explicit(&s->word[i], memory_order_acquire);
    if (atomic_load_explicit(&s->sequence, memory_order_relaxed) != before)
        return false;
    memcpy(record, words, sizeof(*record));
    return record->proto != PROTO_ANY;
}

/* Takes the slot for writing if it still is at `sequence`, an even number. */
static bool slot_take(struct slot *s, uint64_t sequence)
{
    return atomic_compare_exchange_strong_explicit(&s->sequence, &sequence, sequence + 1,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

/* Writes the slot that slot_take took at `sequence`, and gives it back. */
static void slot_write(struct slot *s, uint64_t sequence, const struct record *record)
{
    uint64_t words[WORDS];

    memcpy(words, record, sizeof(*record));
    for (int i = 0; i < WORDS; i++)
        atomic_store_explicit(&s->word[i], words[i], memory_order_release);
    atomic_store_explicit(&s->sequence, sequence + 2, memory_order_release);
}

/* The index of a port's slot, `step` slots into its window. */
static unsigned slot_index(uint16_t port, unsigned step)
{
    return (port + step) % SLOTS;
}

/* ---- records ---- */

static struct record record_of(const struct registry_entry *e, uint32_t stamp)
{
    struct record record = {
        .asked_port = e->asked.port,
        .actual_port = e->actual.port,
        .proto = (uint8_t)e->actual.proto,
        .family = e->actual.addr.family,
        .v6only = e->v6only,
        .inode = e->inode,
        .pid = e->pid,
        .stamp = stamp,
    };
    memcpy(record.asked_addr, e->asked.addr.bytes, sizeof(record.asked_addr));
    memcpy(record.actual_addr, e->actual.addr.bytes, sizeof(record.actual_addr));
    return record;
}

static void entry_of(const struct record *record, struct registry_entry *e)
{
    *e = (struct registry_entry){.pid = record->pid, .inode = record->inode};
    e->v6only = record->v6only != 0;
    e->asked.proto = e->actual.proto = record->proto;
    e->asked.port = record->asked_port;
    e->actual.port = record->actual_port;
    e->asked.addr.family = e->actual.addr.family = record->family;
    memcpy(e->asked.addr.bytes, record->asked_addr, sizeof(record->asked_addr));
    memcpy(e->actual.addr.bytes, record->actual_addr, sizeof(record->actual_addr));
}

static bool is_wildcard(const struct record *record)
{
    static const uint8_t zero[sizeof(record->actual_addr)];
    return memcmp(record->actual_addr, zero, sizeof(zero)) == 0;
}

static bool same_addr(const struct record *a, const struct record *b)
{
    return memcmp(a->actual_addr, b->actual_addr, sizeof(a->actual_addr)) == 0;
}

/* Whether both are of one port of one family and protocol. */
static bool same_port(const struct record *a, const struct record *b)
{
    return a->actual_port == b->actual_port && a->proto == b->proto && a->family == b->family;
}

/* Whether a bind that has just succeeded shows that the socket of `old` is gone. */
static bool proves_dead(const struct record *bound, const struct record *old)
{
    return same_port(bound, old) && old->asked_port != bound->asked_port &&
           (same_addr(bound, old) || is_wildcard(bound));
}

/* ---- the registry ---- */

/* Gives up what `bound` proves dead. A slot that somebody else takes meanwhile is left to them. */
static void bury_dead(struct registry *r, const struct record *bound)
{
    for (unsigned step = 0; step < WINDOW; step++) {
        struct slot *s = &r->slot[slot_index(bound->actual_port, step)];
        uint64_t sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);
        struct record old;
        if (sequence % 2 == 0 && slot_read(s, &old) && proves_dead(bound, &old) &&
            slot_take(s, sequence)) {
            old = (struct record){.proto = PROTO_ANY};
            slot_write(s, sequence, &old);
        }
    }
}

/*
 * Writes the record into the first slot of its window that is free, or that has the same
 * endpoint.
 */
static bool write_record(struct registry *r, const struct record *record, bool same_endpoint)
{
    for (unsigned step = 0; step < WINDOW; step++) {
        struct slot *s = &r->slot[slot_index(record->actual_port, step)];
        uint64_t sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);
        struct record old;
        if (sequence % 2 != 0)
            continue;
        bool used = slot_read(s, &old);
        bool fits =
            same_endpoint ? used && same_port(record, &old) && same_addr(record, &old) : !used;
        if (fits && slot_take(s, sequence)) {
            slot_write(s, sequence, record);
            return true;
        }
    }
    return false;
}

bool registry_put(struct registry *r, const struct registry_entry *e)
{
    uint64_t stamp = atomic_fetch_add_explicit(&r->newest, 1, memory_order_relaxed) + 1;
    struct record record = record_of(e, (uint32_t)stamp);

    bury_dead(r, &record);
    return write_record(r, &record, true) || write_record(r, &record, false);
}

bool registry_by_actual(const struct registry *r, const struct endpoint *actual,
                        struct registry_entry *e)
{
    struct registry_entry wanted = {.asked = *actual, .actual = *actual};
    struct record key = record_of(&wanted, 0), found = {.proto = PROTO_ANY};

    for (unsigned step = 0; step < WINDOW; step++) {
        struct record record;
        if (!slot_read(&r->slot[slot_index(actual->port, step)], &record) ||
            !same_port(&key, &record))
            continue;
        bool exact = same_addr(&key, &record);
        if (exact || is_wildcard(&record))
            found = record;
        if (exact)
            break;
    }
    if (found.proto == PROTO_ANY)
        return false;
    entry_of(&found, e);
    return true;
}

/* Whether a socket that asks for `a` would have been refused natively because of that of `b`. */
static bool is_in_way(const struct registry_entry *a, const struct registry_entry *b)
{
    bool one_family = a->asked.addr.family == b->asked.addr.family;
    return endpoint_overlap(&a->asked, &b->asked) && (one_family || (!a->v6only && !b->v6only));
}

bool registry_by_asked(const struct registry *r, const struct registry_entry *wanted,
                       struct registry_entry *e, bool *in_way)
{
    uint32_t newest = 0;
    bool found = false;

    for (unsigned i = 0; i < SLOTS; i++) {
        struct record record;
        struct registry_entry entry;
        if (!slot_read(&r->slot[i], &record) || record.asked_port != wanted->asked.port)
            continue;
        entry_of(&record, &entry);
        bool blocks = is_in_way(wanted, &entry);
        bool is_newer = !found || (int32_t)(record.stamp - newest) > 0;
        if (!found || (blocks && !*in_way) || (blocks == *in_way && is_newer)) {
            *e = entry;
            *in_way = blocks;
            newest = record.stamp;
        }
        found = true;
    }
    return found;
}

bool registry_in_way(const struct registry *r, const struct endpoint *actual,
                     struct registry_entry *e)
{
    for (unsigned step = 0; step < WINDOW; step++) {
        struct record record;
        struct registry_entry entry;
        if (!slot_read(&r->slot[slot_index(actual->port, step)], &record))
            continue;
        entry_of(&record, &entry);
        if (endpoint_overlap(&entry.actual, actual)) {
            *e = entry;
            return true;
        }
    }
    return false;
}

bool registry_has_port(const struct registry *r, uint16_t port)
{
    struct record record;

    for (unsigned step = 0; step < WINDOW; step++) {
        if (slot_read(&r->slot[slot_index(port, step)], &record) && record.actual_port == port)
            return true;
    }
    return false;
}

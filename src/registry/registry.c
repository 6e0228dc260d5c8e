/*
 * A table of fixed size, without locks, for processes that may be killed at any
 * instruction and for signal handlers that interrupt any function here. slot.c has
 * how one record is read and written; this file, which record lies where.
 *
 * Slots are found by the actual port: that is what a socket's own name gives.
 * An entry may lie in any of the WINDOW slots from the port's own on, and is put
 * into the first that is free: a search ends at a slot that was never used.
 * Neighbouring ports begin far apart: side by side, a range of them would push
 * each other on, one by one, from the first that found its slot taken. Where a
 * window is full, the oldest entry whose process has ended makes room, else the
 * oldest of all: nobody tells the registry when a socket is closed, and what was
 * bound last is the likeliest to be open.
 *
 * The memory may be a file that some other program wrote to. So nothing in it is
 * an offset or a size, and a record is looked at before it is believed.
 */
#include "registry/registry.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "registry/slot.h"
#include "registry/sys.h"

enum {
    SLOTS = 8192, /* a power of two */
    WINDOW = 256,
};

/* "remap" and the version of what follows; a file that begins with anything else is not ours. */
#define MAGIC UINT64_C(0x31302e70616d6572)

struct registry {
    _Atomic uint64_t magic;
    _Atomic uint64_t newest; /* the stamp of the last entry */
    _Atomic uint64_t identity;
    _Atomic uint64_t has_local_port;
    _Atomic uint64_t unused[12];
    struct slot slot[SLOTS];
};

/* Makes a registry of memory that is all zeros. Whoever comes second finds it made. */
static void begin(struct registry *r)
{
    uint64_t none = 0, identity = (uintptr_t)r;
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_REALTIME, &now);
    identity ^= (uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec ^ (uint64_t)sys_getpid() << 40;
    atomic_compare_exchange_strong(&r->identity, &none,
                                   (identity * UINT64_C(11400714819323198485)) | 1);
}

struct registry *registry_create(void)
{
    struct registry *r =
        mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r == MAP_FAILED)
        return NULL;
    begin(r);
    return r;
}

struct registry *registry_map(int fd)
{
    struct statx st;

    /* A new file is all zeros, and so is an empty registry but for its beginning. */
    if (sys_statx_fd(fd, STATX_SIZE, &st) != 0 ||
        (st.stx_size < sizeof(struct registry) && sys_ftruncate(fd, sizeof(struct registry)) != 0))
        return NULL;
    struct registry *r =
        mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (r == MAP_FAILED)
        return NULL;
    uint64_t magic = 0;
    if (!atomic_compare_exchange_strong(&r->magic, &magic, MAGIC) && magic != MAGIC) {
        registry_destroy(r);
        errno = EINVAL;
        return NULL;
    }
    begin(r);
    return r;
}

uint64_t registry_identity(const struct registry *r)
{
    return atomic_load(&r->identity) >> 32;
}

void registry_destroy(struct registry *r)
{
    munmap(r, sizeof(*r));
}

/* The index of a port's slot, `step` slots into its window. */
static unsigned slot_index(uint16_t port, unsigned step)
{
    uint16_t scattered = (uint16_t)(port * 40503U); /* odd: no two ports become one */
    return (scattered / (65536 / SLOTS) + step) % SLOTS;
}

/* ---- records ---- */

static struct slot_record record_of(const struct registry_entry *e, uint32_t stamp)
{
    struct slot_record record = {
        .asked_port = e->asked.port,
        .actual_port = e->actual.port,
        .proto = (uint8_t)e->actual.proto,
        .family = e->actual.addr.family,
        .v6only = e->v6only,
        .netns = e->netns,
        .inode = e->inode,
        .since = e->since,
        .pid = e->pid,
        .stamp = stamp,
    };
    memcpy(record.asked_addr, e->asked.addr.bytes, sizeof(record.asked_addr));
    memcpy(record.actual_addr, e->actual.addr.bytes, sizeof(record.actual_addr));
    memcpy(record.program, e->program, sizeof(record.program));
    return record;
}

static void entry_of(const struct slot_record *record, struct registry_entry *e)
{
    *e = (struct registry_entry){
        .netns = record->netns,
        .inode = record->inode,
        .since = record->since,
        .pid = record->pid,
        .v6only = record->v6only != 0,
    };
    e->asked.proto = e->actual.proto = record->proto;
    e->asked.port = record->asked_port;
    e->actual.port = record->actual_port;
    e->asked.addr.family = e->actual.addr.family = record->family;
    memcpy(e->asked.addr.bytes, record->asked_addr, sizeof(record->asked_addr));
    memcpy(e->actual.addr.bytes, record->actual_addr, sizeof(record->actual_addr));
    memcpy(e->program, record->program, sizeof(e->program));
}

static struct addr actual_addr(const struct slot_record *record)
{
    struct addr a = {.family = record->family};
    memcpy(a.bytes, record->actual_addr, sizeof(a.bytes));
    return a;
}

/* Whether the record's address is the wildcard that `of`, of the same family, falls under. */
static bool is_wildcard(const struct slot_record *record, const struct slot_record *of)
{
    struct addr wildcard = actual_addr(record), plain = addr_unmapped(&wildcard);
    struct addr one = actual_addr(of), plain_one = addr_unmapped(&one);

    /* ::ffff:0.0.0.0 is the wildcard of mapped addresses alone, :: that of all. */
    return addr_is_wildcard(&wildcard) ||
           (addr_is_wildcard(&plain) && plain_one.family == plain.family);
}

static bool same_addr(const struct slot_record *a, const struct slot_record *b)
{
    return memcmp(a->actual_addr, b->actual_addr, sizeof(a->actual_addr)) == 0;
}

/* Whether both are of one port of one family, protocol and namespace. */
static bool same_port(const struct slot_record *a, const struct slot_record *b)
{
    return a->actual_port == b->actual_port && a->proto == b->proto && a->family == b->family &&
           a->netns == b->netns;
}

/*
 * Whether a bind that has just succeeded shows that the socket of `old` is gone. Of
 * UDP sockets, one on the wildcard may live beside one on an address (SO_REUSEADDR).
 */
static bool proves_dead(const struct slot_record *bound, const struct slot_record *old)
{
    return same_port(bound, old) && old->asked_port != bound->asked_port &&
           (same_addr(bound, old) || (bound->proto != PROTO_UDP && is_wildcard(bound, old)));
}

/* ---- writing ---- */

struct place {
    struct slot *slot;
    uint64_t sequence;
};

static struct place place_at(struct registry *r, uint16_t port, unsigned step)
{
    struct slot *s = &r->slot[slot_index(port, step)];
    return (struct place){s, atomic_load_explicit(&s->sequence, memory_order_acquire)};
}

/* The oldest entry of a window that is full; of an ended process if `ended`. No slot where none is. */
static struct place find_oldest(struct registry *r, const struct slot_record *record, bool ended)
{
    struct place oldest = {NULL, 0};
    uint32_t age = 0;

    for (unsigned step = 0; step < WINDOW; step++) {
        struct place here = place_at(r, record->actual_port, step);
        struct slot_record old;
        if (slot_read(here.slot, &old) != SLOT_USED || record->stamp - old.stamp <= age ||
            (ended && slot_is_alive(old.pid)))
            continue;
        age = record->stamp - old.stamp;
        oldest = here;
    }
    return oldest;
}

/* Where a record may go: the slot that has its endpoint already, else the first that is free. */
static struct place find_place(struct registry *r, const struct slot_record *record)
{
    struct place unused = {NULL, 0};

    for (unsigned step = 0; step < WINDOW; step++) {
        struct place here = place_at(r, record->actual_port, step);
        struct slot_record old;
        enum slot_state state = slot_read(here.slot, &old);
        if (state == SLOT_USED && same_port(record, &old) && same_addr(record, &old))
            return here;
        if (state != SLOT_USED && unused.slot == NULL && !slot_is_anothers(here.sequence))
            unused = here;
        if (state == SLOT_NEVER_USED)
            break;
    }
    if (unused.slot == NULL)
        unused = find_oldest(r, record, true);
    return unused.slot != NULL ? unused : find_oldest(r, record, false);
}

/* Gives up what `bound` proves dead. A slot that somebody else takes meanwhile is left to them. */
static void bury_dead(struct registry *r, const struct slot_record *bound)
{
    static const struct slot_record nothing = {.proto = PROTO_ANY};

    for (unsigned step = 0; step < WINDOW; step++) {
        struct slot *s = &r->slot[slot_index(bound->actual_port, step)];
        uint64_t sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);
        struct slot_record old;
        enum slot_state state = slot_read(s, &old);
        if (state == SLOT_NEVER_USED)
            break;
        if (state == SLOT_USED && proves_dead(bound, &old) && slot_take(s, sequence, bound->pid))
            slot_write(s, sequence, &nothing);
    }
}

bool registry_put(struct registry *r, const struct registry_entry *e)
{
    /* Somebody else may take the place that was found; this is how often to look for another. */
    enum { TRIES = 16 };
    uint64_t stamp = atomic_fetch_add_explicit(&r->newest, 1, memory_order_relaxed) + 1;
    struct slot_record record = record_of(e, (uint32_t)stamp);

    if (record.actual_port >= 32768)
        atomic_store_explicit(&r->has_local_port, 1, memory_order_relaxed);
    bury_dead(r, &record);
    for (int i = 0; i < TRIES; i++) {
        struct place place = find_place(r, &record);
        if (place.slot == NULL)
            return false;
        if (slot_take(place.slot, place.sequence, record.pid)) {
            slot_write(place.slot, place.sequence, &record);
            return true;
        }
    }
    return false;
}

/* ---- looking up ---- */

/* The next record for an actual port in a namespace, from *step on; false where there are no more. */
static bool next_record(const struct registry *r, uint64_t netns, uint16_t port, unsigned *step,
                        struct slot_record *record)
{
    while (*step < WINDOW) {
        const struct slot *s = &r->slot[slot_index(port, (*step)++)];
        enum slot_state state = slot_read(s, record);
        if (state == SLOT_NEVER_USED)
            return false;
        if (state == SLOT_USED && record->actual_port == port && record->netns == netns)
            return true;
    }
    return false;
}

bool registry_by_actual(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                        struct registry_entry *e)
{
    struct registry_entry wanted = {.asked = *actual, .actual = *actual, .netns = netns};
    struct slot_record key = record_of(&wanted, 0), record, found = {.proto = PROTO_ANY};
    unsigned step = 0;

    while (next_record(r, netns, actual->port, &step, &record)) {
        if (!same_port(&key, &record))
            continue;
        bool exact = same_addr(&key, &record);
        if (exact || is_wildcard(&record, &key))
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

    *in_way = false;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot_record record;
        struct registry_entry entry;
        if (slot_read(&r->slot[i], &record) != SLOT_USED ||
            record.asked_port != wanted->asked.port || record.netns != wanted->netns)
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

bool registry_in_way(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                     struct registry_entry *e)
{
    struct slot_record record;
    unsigned step = 0;

    while (next_record(r, netns, actual->port, &step, &record)) {
        struct registry_entry entry;
        entry_of(&record, &entry);
        if (endpoint_overlap(&entry.actual, actual)) {
            *e = entry;
            return true;
        }
    }
    return false;
}

bool registry_has_local_port(const struct registry *r)
{
    return atomic_load_explicit(&r->has_local_port, memory_order_relaxed) != 0;
}

bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port)
{
    struct slot_record record;
    unsigned step = 0;

    return next_record(r, netns, port, &step, &record);
}

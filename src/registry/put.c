/*
 * Putting a record in. The records in its window decide where it goes, what it replaces, and
 * whether its protocol must be known. A writer that loses a race for a slot looks again.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "registry/find.h"
#include "registry/layout.h"
#include "registry/record.h"
#include "registry/registry.h"
#include "registry/slot.h"

static void set_tag(struct registry *r, unsigned index, uint16_t port)
{
    unsigned shift = index % PACKED_PORTS * 16;
    _Atomic uint64_t *tags = &r->group[index / PACKED_PORTS].tags;
    uint64_t word = atomic_load_explicit(tags, memory_order_relaxed), changed;

    do
        changed = (word & ~(UINT64_C(0xffff) << shift)) | (uint64_t)port << shift;
    while (!atomic_compare_exchange_weak_explicit(tags, &word, changed, memory_order_release,
                                                  memory_order_relaxed));
}

/* Tags an untagged slot. If its writer tags it first, that tag stays. */
COLD static void set_missing_tag(struct registry *r, unsigned index, uint16_t port)
{
    unsigned shift = index % PACKED_PORTS * 16;
    _Atomic uint64_t *tags = &r->group[index / PACKED_PORTS].tags;
    uint64_t word = atomic_load_explicit(tags, memory_order_relaxed);

    while (packed_ports_at(word, index % PACKED_PORTS) == 0 &&
           !atomic_compare_exchange_weak_explicit(tags, &word, word | (uint64_t)port << shift,
                                                  memory_order_release, memory_order_relaxed))
        ;
}

/*
 * Returns whether a successful bind proves that the socket of `old`, if it has the same
 * protocol, is closed. A UDP socket on the wildcard may coexist with one on an address
 * (SO_REUSEADDR).
 */
static bool proves_dead(const struct slot_record *bound, const struct slot_record *old)
{
    return record_same_port(bound, old) && old->asked_port != bound->asked_port &&
           (record_same_addr(bound, old) ||
            (bound->proto != PROTO_UDP && record_is_wildcard(bound, old)));
}

/* Puts an inode before the others. The last one is dropped. */
static void push_inode(struct slot_record *record, uint32_t inode)
{
    if (inode == 0 || record_has_inode(record, inode))
        return;
    memmove(record->inode + 1, record->inode, sizeof(record->inode) - sizeof(record->inode[0]));
    record->inode[0] = inode;
}

/* ---- ports that were not remapped ---- */

static uint64_t own_note(uint64_t netns, uint16_t port)
{
    return ((netns * UINT64_C(11400714819323198485)) & ~UINT64_C(0xffff)) | port;
}

HOT bool registry_note_own(struct registry *r, uint64_t netns, uint16_t port)
{
    struct group *group = &r->group[layout_first_group(netns, port)];
    uint64_t note = own_note(netns, port);

    /* Sequentially consistent with put(): the later of the two sees the earlier. */
    if (atomic_load_explicit(&group->own, memory_order_relaxed) != note)
        atomic_store_explicit(&group->own, note, memory_order_seq_cst);
    return packed_ports_may_have(atomic_load_explicit(&group->tags, memory_order_acquire), port);
}

HOT static bool has_own(const struct registry *r, uint64_t netns, uint16_t port)
{
    const _Atomic uint64_t *own = &r->group[layout_first_group(netns, port)].own;
    return atomic_load_explicit(own, memory_order_relaxed) == own_note(netns, port);
}

/* ---- writing ---- */

struct place {
    unsigned index;
    bool is_found;
    uint64_t sequence;
};

HOT static struct place place_at(const struct registry *r, unsigned index)
{
    uint64_t sequence = atomic_load_explicit(&r->slot[index].sequence, memory_order_acquire);
    return (struct place){index, true, sequence};
}

/* Writes a record to a place. Returns false if another writer was first. */
static bool write_at(struct registry *r, const struct place *place,
                     const struct slot_record *record, uint32_t pid)
{
    struct slot *s = &r->slot[place->index];

    if (!slot_take(s, place->sequence, pid))
        return false;
    if (record->actual_port != 0 && layout_tag_at(r, place->index) != record->actual_port)
        set_tag(r, place->index, record->actual_port);
    slot_write(s, place->sequence, record);
    return true;
}

/* Returns the oldest record of a full window; only of a process that has ended if `ended`. */
static struct place find_oldest(const struct registry *r, const struct slot_record *record,
                                bool ended)
{
    struct place oldest = {.is_found = false};
    uint32_t alive = record->pid;
    int32_t age = 0;

    for (unsigned step = 0; step < WINDOW; step++) {
        struct place here =
            place_at(r, layout_slot_index(record->netns, record->actual_port, step));
        struct slot_record old;
        if (slot_read(&r->slot[here.index], SLOT_WORDS, &old) != SLOT_USED) {
            if (!slot_is_anothers(here.sequence))
                return here;
            continue;
        }
        int32_t old_age = (int32_t)(record->stamp - old.stamp);
        if (old_age <= age)
            continue;
        if (ended && (old.pid == alive || slot_is_alive(old.pid))) {
            alive = old.pid;
            continue;
        }
        age = old_age;
        oldest = here;
    }
    return oldest;
}

/* Removes a stale record. One of unknown protocol keeps only the other protocol. */
static void bury(struct registry *r, const struct place *place, struct slot_record *old,
                 const struct slot_record *bound)
{
    static const struct slot_record nothing = {.family = AF_UNSPEC};
    bool is_same = old->proto == bound->proto;

    if (!is_same && old->proto != PROTO_ANY)
        return;
    old->proto = bound->proto == PROTO_TCP ? PROTO_UDP : PROTO_TCP;
    write_at(r, place, is_same ? &nothing : old, bound->pid);
}

/* Returns whether two records of different asked endpoints share an actual port or endpoint. */
static bool contests(const struct slot_record *a, const struct slot_record *b)
{
    return a->actual_port == b->actual_port && a->netns == b->netns &&
           (a->asked_port != b->asked_port ||
            (record_same_addr(a, b) && !record_same_asked_addr(a, b)));
}

/* What the window of a port contains before a record is put there. */
struct finding {
    struct place same; /* a record of the same endpoint, copied to `old` */
    struct place unused;
    struct slot_record old;
    bool is_contested;
};

static void look_around(struct registry *r, const struct slot_record *record, struct finding *f)
{
    f->same.is_found = f->unused.is_found = false;
    f->is_contested = has_own(r, record->netns, record->actual_port);
    for (unsigned step = 0; step < WINDOW; step++) {
        unsigned index = layout_slot_index(record->netns, record->actual_port, step);
        uint16_t tag = layout_tag_at(r, index);
        if (tag != record->actual_port && tag != 0)
            continue;
        struct place here = place_at(r, index);
        struct slot_record found;
        /* A writer sets the tag before it has finished. */
        if (tag == 0)
            tag = layout_tag_at(r, index);
        if (tag != record->actual_port && tag != 0)
            continue;
        bool is_used = tag != 0 && slot_read(&r->slot[index], SLOT_WORDS, &found) == SLOT_USED;
        if (is_used) {
            f->is_contested = f->is_contested || contests(record, &found);
            if (record_same_port(record, &found) && record_same_addr(record, &found) &&
                record->proto == found.proto) {
                f->old = found;
                f->same = here;
            }
        } else if (!f->unused.is_found) {
            if (!slot_is_anothers(here.sequence))
                f->unused = here;
            else if (tag == 0) /* else a search would end before this record */
                set_missing_tag(r, index, record->actual_port);
        }
        if (tag == 0 && f->unused.is_found)
            break;
    }
}

/* Removes the records at the port that `bound` proves stale. */
static void bury_all(struct registry *r, const struct slot_record *bound)
{
    struct slot_record old;
    unsigned step = 0, index;

    while (layout_next_tagged(r, bound->netns, bound->actual_port, &step, &index)) {
        struct place here = place_at(r, index);
        if (slot_read(&r->slot[index], SLOT_WORDS, &old) == SLOT_USED && proves_dead(bound, &old))
            bury(r, &here, &old, bound);
    }
}

/* Adds `actual` to the actual ports of `asked`. */
static void lead_on(struct registry *r, uint16_t asked, uint16_t actual)
{
    _Atomic uint64_t *ports = &r->actuals[asked];
    uint64_t word = atomic_load_explicit(ports, memory_order_relaxed), changed;

    do {
        if (word == MANY || packed_ports_have(word, actual))
            return;
        changed = packed_ports_at(word, PACKED_PORTS - 1) != 0 ? MANY : word << 16 | actual;
    } while (!atomic_compare_exchange_weak_explicit(ports, &word, changed, memory_order_release,
                                                    memory_order_relaxed));
}

/* Takes over the inodes of the record that is replaced, if its asked endpoint is the same. */
static void inherit(struct slot_record *record, const struct slot_record *old)
{
    uint32_t own = record->inode[0];

    if (old->asked_port == record->asked_port && record_same_asked_addr(old, record)) {
        memcpy(record->inode, old->inode, sizeof(record->inode));
        push_inode(record, own);
    }
}

/* Returns whether a record is so recent that writing it again would not help. */
HOT static bool is_fresh(const struct registry *r, uint32_t stamp)
{
    enum { FRESH = 64 };
    return registry_newest(r) - stamp < FRESH;
}

/* Returns whether `old` says the same as the record, apart from the time. */
static bool is_known(const struct slot_record *record, const struct slot_record *old)
{
    return record->asked_port == old->asked_port && record_same_asked_addr(record, old) &&
           record->flags == old->flags && record->pid == old->pid &&
           memcmp(record->program, old->program, sizeof(old->program)) == 0 &&
           (record->inode[0] == 0 || record_has_inode(old, record->inode[0]));
}

static bool write_new(struct registry *r, const struct finding *f, struct slot_record *record)
{
    struct place place = f->same.is_found ? f->same : f->unused;

    if (f->same.is_found)
        inherit(record, &f->old);
    if (!place.is_found)
        place = find_oldest(r, record, true);
    if (!place.is_found)
        place = find_oldest(r, record, false);
    return place.is_found && write_at(r, &place, record, record->pid);
}

static uint32_t now(void)
{
    struct timespec time = {0, 0};

    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return (uint32_t)time.tv_sec;
}

static uint32_t next_stamp(struct registry *r)
{
    return (uint32_t)atomic_fetch_add_explicit(&r->newest, 1, memory_order_relaxed) + 1;
}

/* is_known without a copy, if the port has only one record. */
HOT static bool is_plainly_known(const struct registry *r, const struct slot_record *wanted)
{
    enum {
        FILLED = 6,
        FILLED_END = 8,
        END = 11
    }; /* in words: what put() fills in, and the inodes */
    unsigned group = layout_first_group(wanted->netns, wanted->actual_port);
    int lane = packed_ports_only(atomic_load_explicit(&r->group[group].tags, memory_order_acquire),
                                 wanted->actual_port);
    uint64_t words[END], filled = 0, differing = 0;
    uint32_t stamp;

    if (lane < 0 || wanted->inode[0] != 0 || has_own(r, wanted->netns, wanted->actual_port))
        return false;
    const struct slot *s = &r->slot[group * PACKED_PORTS + (unsigned)lane];
    uint64_t sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);
    memcpy(words, wanted, sizeof(words));
    for (int i = 0; i < END; i++) {
        uint64_t word = atomic_load_explicit(&s->word[i], memory_order_acquire);
        differing |= i < FILLED || i >= FILLED_END ? word ^ words[i] : 0;
        filled = i == FILLED ? word : filled;
    }
    memcpy(&stamp, &filled, sizeof(stamp));
    return differing == 0 && sequence % 2 == 0 && is_fresh(r, stamp) &&
           atomic_load_explicit(&s->sequence, memory_order_relaxed) == sequence;
}

COLD static enum registry_put put(struct registry *r, struct slot_record *record)
{
    /* Another writer may take the place that was found. */
    enum { TRIES = 16 };
    struct slot_record wanted = *record;
    struct finding f;

    for (int i = 0; i < TRIES; i++) {
        look_around(r, &wanted, &f);
        if (f.is_contested && wanted.proto == PROTO_ANY)
            return REGISTRY_PUT_NEEDS_PROTO;
        if (f.is_contested) {
            wanted.flags |= SLOT_CONTESTED;
            bury_all(r, &wanted);
        }
        if (f.same.is_found && is_known(&wanted, &f.old) && is_fresh(r, f.old.stamp))
            return REGISTRY_PUT;
        *record = wanted;
        record->stamp = next_stamp(r);
        record->since = now();
        record->uid = sys_geteuid();
        if (write_new(r, &f, record)) {
            lead_on(r, record->asked_port, record->actual_port);
            atomic_thread_fence(memory_order_seq_cst);
            bool is_contested_now = has_own(r, record->netns, record->actual_port);
            return is_contested_now && record->proto == PROTO_ANY ? REGISTRY_PUT_NEEDS_PROTO
                                                                  : REGISTRY_PUT;
        }
    }
    return REGISTRY_FULL;
}

HOT enum registry_put registry_put(struct registry *r, const struct registry_entry *e)
{
    struct slot_record record = record_of(e, 0);

    return is_plainly_known(r, &record) ? REGISTRY_PUT : put(r, &record);
}

/* ---- sockets ---- */

/* Adds an inode to a record. Returns false if another writer changed it. */
static bool try_add_inode(struct registry *r, const struct slot_record *found, uint32_t inode,
                          uint32_t pid)
{
    struct slot_record record;
    unsigned step = 0, index;

    while (layout_next_tagged(r, found->netns, found->actual_port, &step, &index)) {
        struct place here = place_at(r, index);
        if (slot_read(&r->slot[index], SLOT_WORDS, &record) != SLOT_USED ||
            record.stamp != found->stamp)
            continue;
        push_inode(&record, inode);
        return write_at(r, &here, &record, pid);
    }
    return false;
}

void registry_add_inode(struct registry *r, uint64_t netns, const struct endpoint *actual,
                        uint32_t inode, uint32_t pid)
{
    enum { TRIES = 16 }; /* other writers may change the record */
    struct slot_record found;

    for (int i = 0; i < TRIES; i++) {
        if (find_actual(r, netns, actual, SLOT_WORDS, &found) != REGISTRY_KNOWN ||
            record_has_inode(&found, inode) || try_add_inode(r, &found, inode, pid))
            return;
    }
}

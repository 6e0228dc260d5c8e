/* Adding records: where a record goes, and what it replaces. */
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "core/hot.h"
#include "linux/netns.h"
#include "linux/sys.h"
#include "registry/find.h"
#include "registry/layout.h"
#include "registry/write.h"

/* ---- places ---- */

static uint32_t now(void)
{
    struct timespec time = {0, 0};

    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return (uint32_t)time.tv_sec;
}

/*
 * Returns whether a tag may be taken. Writing a record takes less than a microsecond: after
 * some seconds, its writer was killed. If it was only stopped, it finds its tag changed.
 */
static bool is_free(uint64_t tag, uint64_t busy)
{
    enum { LONGEST = 10 }; /* seconds */

    return tag == TAG_FREE ||
           ((tag & TAG_STATE) == TAG_BUSY && (int64_t)(busy - tag) >> 2 > LONGEST);
}

/* Takes a tag of a bucket, and changes it to `busy`. Returns RECORDS if all are in use. */
static unsigned claim_in(struct registry *r, unsigned number, uint64_t busy)
{
    for (unsigned lane = 0; lane < BUCKET_RECORDS; lane++) {
        _Atomic uint64_t *at = &r->bucket[number].tag[lane];
        uint64_t tag = atomic_load_explicit(at, memory_order_relaxed);
        if (is_free(tag, busy) && atomic_compare_exchange_strong(at, &tag, busy))
            return number * BUCKET_RECORDS + lane;
    }
    return RECORDS;
}

/* Takes the tag of the oldest record about which the kernel could not be asked. */
static unsigned claim_oldest(struct registry *r, const struct record *record, uint64_t busy)
{
    unsigned first = layout_bucket(record->netns, record->actual_port) * BUCKET_RECORDS;
    unsigned oldest = RECORDS;
    struct record other, found = {0};

    for (unsigned index = first; index < first + BUCKET_RECORDS; index++) {
        if (layout_is_valid(r, index) && record_read(&r->slot[index], &other) &&
            !netns_is_own(other.netns) && (oldest == RECORDS || record_is_better(&found, &other))) {
            oldest = index;
            found = other;
        }
    }
    if (oldest == RECORDS)
        return RECORDS;
    uint64_t tag = layout_tag(found.actual_port, found.family, found.actual_addr);
    return layout_replace_tag(r, oldest, tag, busy) ? oldest : RECORDS;
}

/* Counts a record in the full buckets before its own, so that look-ups continue to it. */
static void pass_by(struct registry *r, const struct record *record, unsigned index)
{
    unsigned number = layout_bucket(record->netns, record->actual_port);

    for (; number != index / BUCKET_RECORDS; number = (number + 1) % BUCKETS)
        atomic_fetch_add(&r->bucket[number].passed_by, 1);
}

static unsigned claim(struct registry *r, const struct record *record, uint64_t busy)
{
    enum { CROWDED = 32 };
    unsigned number = layout_bucket(record->netns, record->actual_port), index = RECORDS;

    for (int chain = 0; chain < BUCKETS && index == RECORDS; chain++) {
        index = claim_in(r, number, busy);
        if (index == RECORDS && chain == 0) {
            registry_settle(r, record->netns, 0);
            index = claim_in(r, number, busy);
        }
        if (index == RECORDS && chain == CROWDED)
            index = claim_oldest(r, record, busy);
        number = (number + 1) % BUCKETS;
    }
    return index;
}

/* ---- writing ---- */

static void set_actual_bit(struct registry *r, uint16_t port)
{
    if (!registry_may_have(r, port))
        atomic_fetch_or(&r->ports.actual[port / 32], UINT32_C(1) << port % 32);
}

/* Writes the asked port of a record into the list that look-ups search. */
static void set_asked_port(struct registry *r, unsigned index, uint16_t port)
{
    _Atomic uint64_t *word = &r->asked_ports[index / LANES];
    unsigned shift = index % LANES * 16;
    uint64_t old = atomic_load(word), new;

    do
        new = (old & ~(UINT64_C(0xffff) << shift)) | (uint64_t)port << shift;
    while (!atomic_compare_exchange_weak(word, &old, new));
}

/* Returns whether the place has that record, and not a newer one of the same endpoint. */
static bool is_there(const struct registry *r, unsigned index, const struct record *record)
{
    struct record found;

    return record_read(&r->slot[index], &found) && found.stamp == record->stamp;
}

/* Comes after the change: a reader that sees this sees that, too. */
static void count_change(struct registry *r)
{
    atomic_fetch_add(&r->ports.changes, 1);
}

void write_free(struct registry *r, unsigned index, uint64_t tag, const struct record *only)
{
    uint64_t busy = (uint64_t)now() << 2 | TAG_BUSY;

    if (!atomic_compare_exchange_strong(layout_tag_of(r, index), &tag, busy))
        return;
    bool is_removed = only == NULL || is_there(r, index, only);
    if (is_removed)
        set_asked_port(r, index, 0);
    atomic_compare_exchange_strong(layout_tag_of(r, index), &busy, is_removed ? TAG_FREE : tag);
    count_change(r);
}

/* Removes a record, unless another one has its place now. */
static void remove_record(struct registry *r, unsigned index, const struct record *record)
{
    uint64_t tag = atomic_load(layout_tag_of(r, index));

    if ((tag & ~TAG_MARK) == layout_tag(record->actual_port, record->family, record->actual_addr))
        write_free(r, index, tag, record);
}

/*
 * Compares a new record with the others of its port. Two writers at the same time see each
 * other, and agree on which one stays: each publishes its record before it looks.
 */
static bool settle_with_others(struct registry *r, const struct record *record, unsigned index)
{
    struct find_walk walk = {0};
    struct record other;
    bool is_alone = true;

    atomic_thread_fence(memory_order_seq_cst);
    while (find_next(r, record->netns, record->actual_port, &walk, &other)) {
        if (walk.index == index)
            continue;
        if (!record_same_endpoint(record, &other)) {
            is_alone = is_alone && other.asked_port == record->asked_port &&
                       other.proto == record->proto && record_same_family(record, &other);
        } else if (record_is_better(record, &other)) {
            remove_record(r, walk.index, &other);
        } else {
            remove_record(r, index, record);
        }
    }
    return is_alone;
}

/* Fills in what comes with the time of a bind. */
static void stamp(struct registry *r, struct record *record)
{
    record->stamp = atomic_fetch_add(&r->ports.newest, 1) + 1;
    record->since = now();
    record->uid = sys_geteuid();
}

bool write_record(struct registry *r, struct record *record, bool *is_alone)
{
    enum { TRIES = 4 };
    uint64_t tag = layout_tag(record->actual_port, record->family, record->actual_addr);

    for (int i = 0; i < TRIES; i++) {
        uint64_t busy = (uint64_t)now() << 2 | TAG_BUSY;
        unsigned index = claim(r, record, busy);
        if (index == RECORDS)
            return false;
        stamp(r, record);
        pass_by(r, record, index);
        record_write(&r->slot[index], record);
        set_asked_port(r, index, record->asked_port);
        atomic_fetch_or(&r->ports.asked[ports_asked(record->netns, record->asked_port)],
                        UINT32_C(1) << index / PART);
        set_actual_bit(r, record->actual_port);
        bool is_written = atomic_compare_exchange_strong(layout_tag_of(r, index), &busy, tag);
        count_change(r);
        if (is_written) {
            pass_by(r, record, index); /* once more: see release() in settle.c */
            *is_alone = settle_with_others(r, record, index);
            return true;
        }
    }
    return false;
}

/* ---- putting ---- */

/* Finds the newest record of an endpoint. */
HOT static void find_same(const struct registry *r, const struct record *record,
                          struct find_matches *m)
{
    struct find_wanted w;

    find_start(&w, record->netns, (enum proto)record->proto, record->family, record->actual_port);
    find_exact(&w, record->actual_addr);
    find_matches(r, &w, m);
}

/*
 * Adds a socket. If there is no room, replaces the last one. Returns false if it is already there.
 */
static bool add_inode(struct record_slot *s, uint32_t inode)
{
    for (int i = 0; i < REGISTRY_INODES; i++) {
        uint32_t none = 0;
        if (atomic_compare_exchange_strong(record_inode(s, i), &none, inode))
            return true;
        if (none == inode)
            return false;
    }
    atomic_store(record_inode(s, REGISTRY_INODES - 1), inode);
    return true;
}

/*
 * Keeps a record that was bound again. A process may have asked the kernel before that bind, and be
 * about to remove the record: its removal must fail (settle.c). Returns false if the record is
 * gone.
 */
HOT static bool keep(struct registry *r, unsigned index, const struct record *record)
{
    uint64_t tag = layout_tag(record->actual_port, record->family, record->actual_addr);
    return atomic_load(layout_tag_of(r, index)) == tag || layout_replace_tag(r, index, tag, tag);
}

/* Returns whether look-ups of the port read more than one bucket. */
static bool is_passed_by(const struct registry *r, const struct record *record)
{
    unsigned number = layout_bucket(record->netns, record->actual_port);
    return atomic_load(&r->bucket[number].passed_by) != 0;
}

/* Updates the record of a socket that was bound again to the same endpoints. */
HOT static void refresh(struct registry *r, unsigned index, struct record *record,
                        const struct record *old)
{
    if (record->inode[0] != 0)
        (void)add_inode(&r->slot[index], record->inode[0]);
    if (record->pid == old->pid && record->flags == old->flags)
        return;
    stamp(r, record);
    record_refresh(&r->slot[index], record);
    count_change(r);
    if (is_passed_by(r, record) || !record_same_family(record, old))
        registry_settle(r, record->netns, record->actual_port);
}

HOT enum registry_put registry_put(struct registry *r, const struct registry_entry *e)
{
    struct record record = record_of(e);
    struct find_matches same;
    bool is_alone;

    if ((record.flags & RECORD_ASKED_IPV4) != 0)
        atomic_store(&r->ports.has_narrowed, 1);
    find_same(r, &record, &same);
    if (same.is_found && record_same_asked(&record, &same.best) &&
        keep(r, same.index, &same.best)) {
        refresh(r, same.index, &record, &same.best);
        return REGISTRY_PUT;
    }
    if (!write_record(r, &record, &is_alone))
        return REGISTRY_FULL;
    if (!is_alone || registry_has_passed(r, record.actual_port) || is_passed_by(r, &record))
        registry_settle(r, record.netns, record.actual_port);
    return REGISTRY_PUT;
}

bool registry_count_passed(struct registry *r, uint16_t port)
{
    if (atomic_fetch_add(&r->ports.passed[port], 1) == UINT32_MAX)
        atomic_fetch_add(&r->ports.passed[port], 1); /* 0 would be none */
    /* A writer sets the bit and then reads the count: see settle_with_others. */
    return (atomic_load(&r->ports.actual[port / 32]) >> port % 32 & 1) != 0;
}

/* ---- sockets ---- */

bool registry_add_inode(struct registry *r, uint64_t netns, const struct endpoint *actual,
                        uint32_t inode)
{
    struct record wanted =
        record_of(&(struct registry_entry){.asked = *actual, .actual = *actual, .netns = netns});
    struct find_matches found;

    find_same(r, &wanted, &found);
    if (found.is_found && add_inode(&r->slot[found.index], inode))
        count_change(r); /* it begins to listen */
    return found.is_found;
}

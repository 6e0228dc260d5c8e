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
 * window is full, what nobody uses makes room, else the oldest entry whose process has
 * ended, else the oldest of all: nobody tells the registry when a socket is closed, and what was
 * bound last is the likeliest to be open.
 *
 * So that a search of a full window is cheap too, the ports of the slots are written
 * once more side by side, four to a word: the tags. A tag is a hint. A slot that it
 * leads to is looked at before it is believed, and one whose tag was not written, by
 * a writer who was killed, is as good as never used; who passes it by gives it a tag.
 *
 * From an asked port, `actuals` leads on: the latest four actual ports of each, or
 * MANY, which costs a look at all slots.
 *
 * The memory may be a file that some other program wrote to. So nothing in it is
 * an offset or a size, and a record is looked at before it is believed.
 */
#include "registry/registry.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "core/hot.h"
#include "registry/slot.h"
#include "registry/sys.h"

enum {
    SLOTS = 8192, /* a power of two */
    WINDOW = 208, /* a multiple of 16; what is looked through in less than 100 ns */
    LANES = 4,    /* ports in a word */
    GROUPS = SLOTS / LANES,
};

/* "remap" and the version of what follows; a file that begins with anything else is not ours. */
#define MAGIC UINT64_C(0x32302e70616d6572)

/* Four lanes of 1, and of the highest bit. */
#define LANES_1 UINT64_C(0x0001000100010001)
#define LANES_HIGH UINT64_C(0x8000800080008000)

/* As four ports: one that no list of different ports can be. */
#define MANY UINT64_MAX

/*
 * Of four slots: their tags; and the last port that a program bound itself, of those
 * whose windows begin here, with a part of its namespace's number.
 */
struct group {
    _Atomic uint64_t tags;
    _Atomic uint64_t own;
};

struct registry {
    _Atomic uint64_t magic;
    _Atomic uint64_t newest; /* the stamp of the last entry */
    _Atomic uint64_t identity;
    _Atomic uint64_t unused[13];
    struct group group[GROUPS];
    _Atomic uint64_t actuals[65536];
    struct slot slot[SLOTS];
};

/* Makes a registry of memory that is all zeros. Whoever comes second finds it made. */
static void begin(struct registry *r)
{
    uint64_t none = 0, identity = (uintptr_t)r;
    struct timespec time = {0, 0};

    clock_gettime(CLOCK_REALTIME, &time);
    identity ^= (uint64_t)time.tv_nsec << 20 ^ (uint64_t)time.tv_sec ^ (uint64_t)sys_getpid() << 40;
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
    if (sys_statx_fd(fd, STATX_SIZE, &st) != 0)
        return NULL;
    if (st.stx_size < sizeof(struct registry) && sys_reserve(fd, sizeof(struct registry)) != 0) {
        int failure = errno;
        sys_ftruncate(fd, (off_t)st.stx_size); /* gives back what there was room for */
        errno = failure;
        return NULL;
    }
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

/* ---- ports, four to a word ---- */

HOT static uint16_t lane_of(uint64_t word, unsigned lane)
{
    return (uint16_t)(word >> (lane * 16));
}

HOT static bool has_zero_lane(uint64_t word)
{
    return ((word - LANES_1) & ~word & LANES_HIGH) != 0;
}

HOT static bool has_lane(uint64_t word, uint16_t port)
{
    return has_zero_lane(word ^ LANES_1 * port);
}

/* The highest bit of each lane that is 0, and of no other. */
HOT static uint64_t zero_lanes(uint64_t word)
{
    return ~(((word & ~LANES_HIGH) + ~LANES_HIGH) | word | ~LANES_HIGH);
}

/* The lane of a word that alone has the port, where the window ends in this word too; else -1. */
HOT static int only_lane(uint64_t tags, uint16_t port)
{
    uint64_t matches = zero_lanes(tags ^ LANES_1 * port), ends = zero_lanes(tags);
    bool is_only = matches != 0 && (matches & (matches - 1)) == 0 && matches < (ends & -ends);
    return is_only ? __builtin_ctzll(matches) / 16 : -1;
}

/* Whether the tags that a window begins with leave it open that the port is in it. */
HOT static bool may_have(uint64_t tags, uint16_t port)
{
    return port != 0 && (has_lane(tags, port) || !has_zero_lane(tags));
}

/* The group of slots that a port's window begins with: elsewhere in each namespace. */
HOT static unsigned first_group(uint64_t netns, uint16_t port)
{
    uint16_t scattered = (uint16_t)(port * 40503U); /* odd: no two ports become one */
    uint16_t moved = (uint16_t)(netns * UINT64_C(11400714819323198485) >> 48);
    return (uint16_t)(scattered ^ moved) / (65536 / GROUPS);
}

HOT static unsigned slot_index(uint64_t netns, uint16_t port, unsigned step)
{
    return (first_group(netns, port) * LANES + step) % SLOTS;
}

HOT static uint16_t tag_at(const struct registry *r, unsigned index)
{
    uint64_t word = atomic_load_explicit(&r->group[index / LANES].tags, memory_order_acquire);
    return lane_of(word, index % LANES);
}

static void set_tag(struct registry *r, unsigned index, uint16_t port)
{
    unsigned shift = index % LANES * 16;
    _Atomic uint64_t *tags = &r->group[index / LANES].tags;
    uint64_t word = atomic_load_explicit(tags, memory_order_relaxed), changed;

    do
        changed = (word & ~(UINT64_C(0xffff) << shift)) | (uint64_t)port << shift;
    while (!atomic_compare_exchange_weak_explicit(tags, &word, changed, memory_order_release,
                                                  memory_order_relaxed));
}

/* A bit for each lane that is the port or 0, or nothing where none is. */
HOT static uint64_t interesting(const struct registry *r, unsigned group, uint16_t port)
{
    uint64_t tags = atomic_load_explicit(&r->group[group % GROUPS].tags, memory_order_acquire);
    uint64_t other = tags ^ LANES_1 * port;

    return (((other - LANES_1) & ~other) | ((tags - LANES_1) & ~tags)) & LANES_HIGH;
}

/* Passes over groups, four at a time, that have neither the port nor an end of the search. */
HOT static void skip_others(const struct registry *r, unsigned group, uint16_t port, unsigned *step)
{
    while (*step < WINDOW) {
        unsigned at = group + *step / LANES;
        if ((interesting(r, at, port) | interesting(r, at + 1, port) |
             interesting(r, at + 2, port) | interesting(r, at + 3, port)) != 0)
            return;
        *step += 4 * LANES;
    }
}

/* The next slot, from *step on, that is tagged with the port; false where there are no more. */
HOT static bool next_tagged(const struct registry *r, uint64_t netns, uint16_t port, unsigned *step,
                            unsigned *index)
{
    unsigned group = first_group(netns, port);

    while (*step < WINDOW) {
        unsigned at = (group + *step / LANES) % GROUPS, lane = *step % LANES;
        uint64_t word = atomic_load_explicit(&r->group[at].tags, memory_order_acquire);
        if (lane == 0 && !has_lane(word, port)) {
            if (has_zero_lane(word))
                return false;
            *step += LANES;
            skip_others(r, group, port, step);
            continue;
        }
        uint16_t tag = lane_of(word, lane);
        if (tag == 0)
            return false;
        (*step)++;
        if (tag == port) {
            *index = at * LANES + lane;
            return true;
        }
    }
    return false;
}

/* ---- records ---- */

HOT static struct slot_record record_of(const struct registry_entry *e, uint32_t stamp)
{
    struct slot_record record = {
        .asked_port = e->asked.port,
        .actual_port = e->actual.port,
        .proto = (uint8_t)e->actual.proto,
        .family = e->actual.addr.family,
        .flags = (uint8_t)((e->v6only ? SLOT_V6ONLY : 0) |
                           (e->engine == ENGINE_NOTIFY ? SLOT_NOTIFY : 0)),
        .netns = e->netns,
        .stamp = stamp,
        .pid = e->pid,
    };
    memcpy(record.asked_addr, e->asked.addr.bytes, sizeof(record.asked_addr));
    memcpy(record.actual_addr, e->actual.addr.bytes, sizeof(record.actual_addr));
    memcpy(record.program, e->program, sizeof(record.program));
    memcpy(record.inode, e->inode, sizeof(record.inode));
    return record;
}

HOT static struct addr addr_of(const struct slot_record *record, const uint8_t bytes[16])
{
    struct addr a = {.family = record->family};
    memcpy(a.bytes, bytes, sizeof(a.bytes));
    return a;
}

HOT static void key_of(const struct slot_record *record, struct registry_entry *e)
{
    e->asked =
        (struct endpoint){record->proto, addr_of(record, record->asked_addr), record->asked_port};
    e->actual =
        (struct endpoint){record->proto, addr_of(record, record->actual_addr), record->actual_port};
    e->since = record->since;
}

static void entry_of(const struct slot_record *record, struct registry_entry *e)
{
    key_of(record, e);
    e->netns = record->netns;
    e->order = record->stamp;
    e->pid = record->pid;
    e->uid = record->uid;
    e->v6only = (record->flags & SLOT_V6ONLY) != 0;
    e->engine = (record->flags & SLOT_NOTIFY) != 0 ? ENGINE_NOTIFY : ENGINE_PRELOAD;
    memcpy(e->program, record->program, sizeof(e->program));
    memcpy(e->inode, record->inode, sizeof(e->inode));
}

/* Whether the record's address is the wildcard that `of`, of the same family, falls under. */
HOT static bool is_wildcard(const struct slot_record *record, const struct slot_record *of)
{
    struct addr wildcard = addr_of(record, record->actual_addr);

    /* ::ffff:0.0.0.0 is the wildcard of mapped addresses alone, :: that of all. */
    if (addr_is_wildcard(&wildcard))
        return true;
    if (record->family == AF_INET)
        return false;
    struct addr one = addr_of(of, of->actual_addr), plain_one = addr_unmapped(&one);
    struct addr plain = addr_unmapped(&wildcard);
    return addr_is_wildcard(&plain) && plain_one.family == plain.family;
}

HOT static bool same_addr(const struct slot_record *a, const struct slot_record *b)
{
    return memcmp(a->actual_addr, b->actual_addr, sizeof(a->actual_addr)) == 0;
}

HOT static bool same_asked_addr(const struct slot_record *a, const struct slot_record *b)
{
    return memcmp(a->asked_addr, b->asked_addr, sizeof(a->asked_addr)) == 0;
}

HOT static bool tells_other_addr(const struct slot_record *record)
{
    return memcmp(record->asked_addr, record->actual_addr, sizeof(record->asked_addr)) != 0;
}

/* Whether both are of one port of one family and namespace. */
HOT static bool same_port(const struct slot_record *a, const struct slot_record *b)
{
    return a->actual_port == b->actual_port && a->family == b->family && a->netns == b->netns;
}

/*
 * Whether a bind that has just succeeded shows that the socket of `old`, were it of
 * the same protocol, is gone. Of UDP sockets, one on the wildcard may live beside one
 * on an address (SO_REUSEADDR).
 */
static bool proves_dead(const struct slot_record *bound, const struct slot_record *old)
{
    return same_port(bound, old) && old->asked_port != bound->asked_port &&
           (same_addr(bound, old) || (bound->proto != PROTO_UDP && is_wildcard(bound, old)));
}

static bool has_inode(const struct slot_record *record, uint32_t inode)
{
    for (int i = 0; i < SLOT_INODES; i++) {
        if (record->inode[i] == inode)
            return true;
    }
    return false;
}

/* Puts an inode in front of the others, the last of which is lost. */
static void push_inode(struct slot_record *record, uint32_t inode)
{
    if (inode == 0 || has_inode(record, inode))
        return;
    memmove(record->inode + 1, record->inode, sizeof(record->inode) - sizeof(record->inode[0]));
    record->inode[0] = inode;
}

/* ---- ports that programs bound themselves ---- */

static uint64_t own_note(uint64_t netns, uint16_t port)
{
    return ((netns * UINT64_C(11400714819323198485)) & ~UINT64_C(0xffff)) | port;
}

HOT bool registry_note_own(struct registry *r, uint64_t netns, uint16_t port)
{
    struct group *group = &r->group[first_group(netns, port)];
    uint64_t note = own_note(netns, port);

    /* In one order with what put() does: who comes second sees the first. */
    if (atomic_load_explicit(&group->own, memory_order_relaxed) != note)
        atomic_store_explicit(&group->own, note, memory_order_seq_cst);
    return may_have(atomic_load_explicit(&group->tags, memory_order_acquire), port);
}

HOT static bool has_own(const struct registry *r, uint64_t netns, uint16_t port)
{
    const _Atomic uint64_t *own = &r->group[first_group(netns, port)].own;
    return atomic_load_explicit(own, memory_order_relaxed) == own_note(netns, port);
}

/* ---- writing ---- */

HOT uint32_t registry_newest(const struct registry *r)
{
    return (uint32_t)atomic_load_explicit(&r->newest, memory_order_acquire);
}

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

/* Writes a record to a place, unless somebody else was there first. */
static bool write_at(struct registry *r, const struct place *place,
                     const struct slot_record *record, uint32_t pid)
{
    struct slot *s = &r->slot[place->index];

    if (!slot_take(s, place->sequence, pid))
        return false;
    if (record->actual_port != 0 && tag_at(r, place->index) != record->actual_port)
        set_tag(r, place->index, record->actual_port);
    slot_write(s, place->sequence, record);
    return true;
}

/* The oldest entry of a window that is full; of an ended process if `ended`. */
static struct place find_oldest(const struct registry *r, const struct slot_record *record,
                                bool ended)
{
    struct place oldest = {.is_found = false};
    uint32_t alive = record->pid;
    int32_t age = 0;

    for (unsigned step = 0; step < WINDOW; step++) {
        struct place here = place_at(r, slot_index(record->netns, record->actual_port, step));
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

/* Gives up what `bound` proves dead; what may be of another protocol is narrowed down to that. */
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

/* Whether two that asked for different things have one actual port, or even one endpoint. */
static bool contests(const struct slot_record *a, const struct slot_record *b)
{
    return a->actual_port == b->actual_port && a->netns == b->netns &&
           (a->asked_port != b->asked_port || (same_addr(a, b) && !same_asked_addr(a, b)));
}

/* What is found in a port's window before a record is put there. */
struct finding {
    struct place same; /* has the endpoint already, and is left in `old` */
    struct place unused;
    struct slot_record old;
    bool is_contested;
};

static void look_around(struct registry *r, const struct slot_record *record, struct finding *f)
{
    f->same.is_found = f->unused.is_found = false;
    f->is_contested = has_own(r, record->netns, record->actual_port);
    for (unsigned step = 0; step < WINDOW; step++) {
        unsigned index = slot_index(record->netns, record->actual_port, step);
        uint16_t tag = tag_at(r, index);
        if (tag != record->actual_port && tag != 0)
            continue;
        struct place here = place_at(r, index);
        struct slot_record found;
        bool is_used = tag != 0 && slot_read(&r->slot[index], SLOT_WORDS, &found) == SLOT_USED;
        if (is_used) {
            f->is_contested = f->is_contested || contests(record, &found);
            if (same_port(record, &found) && same_addr(record, &found) &&
                record->proto == found.proto) {
                f->old = found;
                f->same = here;
            }
        } else if (!f->unused.is_found) {
            if (!slot_is_anothers(here.sequence))
                f->unused = here;
            else if (tag == 0)
                set_tag(r, index, record->actual_port); /* or searches would end before us */
        }
        if (tag == 0 && f->unused.is_found)
            break;
    }
}

/* Gives up what `bound`, which is not alone at its port, proves dead. */
static void bury_all(struct registry *r, const struct slot_record *bound)
{
    struct slot_record old;
    unsigned step = 0, index;

    while (next_tagged(r, bound->netns, bound->actual_port, &step, &index)) {
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
        if (word == MANY || has_lane(word, actual))
            return;
        changed = lane_of(word, LANES - 1) != 0 ? MANY : word << 16 | actual;
    } while (!atomic_compare_exchange_weak_explicit(ports, &word, changed, memory_order_release,
                                                    memory_order_relaxed));
}

/* Takes over the inodes of what is replaced, if that was bound for the same. */
static void inherit(struct slot_record *record, const struct slot_record *old)
{
    uint32_t own = record->inode[0];

    if (old->asked_port == record->asked_port && same_asked_addr(old, record)) {
        memcpy(record->inode, old->inode, sizeof(record->inode));
        push_inode(record, own);
    }
}

/* Whether a record was put so lately that its age says nothing of whether it lives. */
HOT static bool is_fresh(const struct registry *r, uint32_t stamp)
{
    enum { FRESH = 64 };
    return registry_newest(r) - stamp < FRESH;
}

/* Whether a record says no more than one that is there already, but for its time. */
static bool is_known(const struct slot_record *record, const struct slot_record *old)
{
    return record->asked_port == old->asked_port && same_asked_addr(record, old) &&
           record->flags == old->flags && record->pid == old->pid &&
           memcmp(record->program, old->program, sizeof(old->program)) == 0 &&
           (record->inode[0] == 0 || has_inode(old, record->inode[0]));
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

/* is_known, where one entry alone has the port, and without a copy. */
HOT static bool is_plainly_known(const struct registry *r, const struct slot_record *wanted)
{
    enum { FILLED = 6, FILLED_END = 8, END = 11 }; /* words: what put() fills in; the inodes */
    unsigned group = first_group(wanted->netns, wanted->actual_port);
    int lane = only_lane(atomic_load_explicit(&r->group[group].tags, memory_order_acquire),
                         wanted->actual_port);
    uint64_t words[END], filled = 0, differing = 0;
    uint32_t stamp;

    if (lane < 0 || wanted->inode[0] != 0 || has_own(r, wanted->netns, wanted->actual_port))
        return false;
    const struct slot *s = &r->slot[group * LANES + (unsigned)lane];
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
    /* Somebody else may take the place that was found; this is how often to look for another. */
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

/* ---- looking up ---- */

/* slot_read, which waits a moment for who is writing. */
HOT static enum slot_state read_patiently(const struct slot *s, int words,
                                          struct slot_record *record)
{
    enum slot_state state = slot_read(s, words, record);
    return state == SLOT_BUSY ? slot_read_again(s, words, record) : state;
}

/* The next record for an actual port in a namespace, from *step on; false where there are no more. */
HOT static bool next_record(const struct registry *r, uint64_t netns, uint16_t port, unsigned *step,
                            int words, struct slot_record *record)
{
    unsigned index;

    while (next_tagged(r, netns, port, step, &index)) {
        if (read_patiently(&r->slot[index], words, record) == SLOT_USED &&
            record->actual_port == port && record->netns == netns)
            return true;
    }
    return false;
}

/* Whether two records that both match a socket tell it different things. */
HOT static bool differ(const struct slot_record *a, const struct slot_record *b)
{
    return a->asked_port != b->asked_port ||
           ((tells_other_addr(a) || tells_other_addr(b)) && !same_asked_addr(a, b));
}

/* The record that registry_by_actual finds, with `words` of it. */
HOT static enum registry_answer find_actual(const struct registry *r, uint64_t netns,
                                            const struct endpoint *actual, int words,
                                            struct slot_record *found)
{
    struct slot_record key = {.actual_port = actual->port, .family = actual->addr.family};
    struct slot_record record;
    bool is_found = false, is_exact = false, needs_proto = false;
    unsigned step = 0;

    memcpy(key.actual_addr, actual->addr.bytes, sizeof(key.actual_addr));
    while (next_record(r, netns, actual->port, &step, words, &record)) {
        bool exact = same_addr(&key, &record);
        if (record.family != key.family ||
            (actual->proto != PROTO_ANY && record.proto != PROTO_ANY &&
             record.proto != actual->proto) ||
            (!exact && !is_wildcard(&record, &key)))
            continue;
        needs_proto = needs_proto || (is_found && differ(&record, found));
        /* The very address before a wildcard, the known protocol before one that may be any. */
        if (!is_found || exact > is_exact ||
            (exact == is_exact && (found->proto == PROTO_ANY || record.proto != PROTO_ANY)))
            *found = record;
        is_exact = is_exact || exact;
        is_found = true;
    }
    if (!is_found)
        return REGISTRY_UNKNOWN;
    needs_proto = needs_proto || (found->flags & SLOT_CONTESTED) != 0;
    return actual->proto == PROTO_ANY && needs_proto ? REGISTRY_NEEDS_PROTO : REGISTRY_KNOWN;
}

HOT enum registry_answer registry_by_actual(const struct registry *r, uint64_t netns,
                                            const struct endpoint *actual, struct registry_entry *e)
{
    struct slot_record found;
    enum registry_answer answer = find_actual(r, netns, actual, SLOT_KEY_WORDS, &found);

    if (answer == REGISTRY_KNOWN)
        key_of(&found, e);
    return answer;
}

HOT bool registry_may_have(const struct registry *r, uint64_t netns, uint16_t port)
{
    const struct group *group = &r->group[first_group(netns, port)];
    return may_have(atomic_load_explicit(&group->tags, memory_order_acquire), port);
}

/* The first word of a record. */
struct first {
    uint16_t asked_port, actual_port;
    uint8_t proto, family;
    uint8_t flags, reserved;
};

HOT static uint64_t first_word(uint16_t actual_port, uint8_t family, uint8_t flags)
{
    struct first first = {.actual_port = actual_port, .family = family, .flags = flags};
    uint64_t word;

    memcpy(&word, &first, sizeof(word));
    return word;
}

/* An address as a record has it: two words, the unused rest of which is 0. */
HOT static void read_words(const struct sockaddr *sa, uint64_t word[2])
{
    word[0] = word[1] = 0;
    if (sa->sa_family == AF_INET)
        memcpy(word, (const char *)sa + offsetof(struct sockaddr_in, sin_addr), 4);
    else
        memcpy(word, (const char *)sa + offsetof(struct sockaddr_in6, sin6_addr), 16);
}

HOT uint16_t registry_quick_port(const struct registry *r, uint64_t netns,
                                 const struct sockaddr *sa)
{
    enum { FIRST, NETNS, ACTUAL, ASKED = ACTUAL + 2, WORDS = ASKED + 2 }; /* of a record */
    uint16_t port = endpoint_port(sa, sizeof(struct sockaddr_in));
    unsigned group = first_group(netns, port);
    int lane = only_lane(atomic_load_explicit(&r->group[group].tags, memory_order_acquire), port);
    uint64_t addr[2], word[WORDS];

    if (lane < 0)
        return 0;
    const struct slot *s = &r->slot[group * LANES + (unsigned)lane];
    uint64_t sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);
    for (int i = 0; i < WORDS; i++)
        word[i] = atomic_load_explicit(&s->word[i], memory_order_acquire);
    bool is_whole =
        sequence % 2 == 0 && atomic_load_explicit(&s->sequence, memory_order_relaxed) == sequence;
    read_words(sa, addr);
    /* All at once, without a branch for each: after a system call, those cost most. */
    uint64_t first = (word[FIRST] & first_word(0xffff, 0xff, SLOT_CONTESTED)) ^
                     first_word(port, (uint8_t)sa->sa_family, 0);
    uint64_t other = first | (word[NETNS] ^ netns) | (word[ASKED] ^ word[ACTUAL]) |
                     (word[ASKED + 1] ^ word[ACTUAL + 1]);
    uint64_t not_exact = (word[ACTUAL] ^ addr[0]) | (word[ACTUAL + 1] ^ addr[1]);
    uint64_t not_any = word[ACTUAL] | word[ACTUAL + 1];
    if (!is_whole || other != 0 || (not_exact != 0 && not_any != 0))
        return 0;
    struct first found;
    memcpy(&found, &word[FIRST], sizeof(found));
    return found.asked_port;
}

HOT bool registry_has_asked(const struct registry *r, uint16_t port)
{
    return atomic_load_explicit(&r->actuals[port], memory_order_acquire) != 0;
}

bool registry_next(const struct registry *r, struct registry_walk *w, struct registry_entry *e)
{
    struct slot_record record;

    while (w->step < SLOTS) {
        if (read_patiently(&r->slot[w->step++], SLOT_WORDS, &record) == SLOT_USED) {
            entry_of(&record, e);
            return true;
        }
    }
    return false;
}

static bool next_led_to(const struct registry *r, uint64_t netns, uint16_t port,
                        struct registry_walk *w, struct slot_record *record)
{
    for (; w->ports != 0; w->ports >>= 16, w->step = 0) {
        uint16_t actual = lane_of(w->ports, 0);
        while (next_record(r, netns, actual, &w->step, SLOT_WORDS, record)) {
            if (record->asked_port == port)
                return true;
        }
    }
    return false;
}

bool registry_next_asked(const struct registry *r, uint64_t netns, uint16_t port,
                         struct registry_walk *w, struct registry_entry *e)
{
    struct slot_record record;

    if (!w->is_begun) {
        w->is_begun = true;
        w->ports = atomic_load_explicit(&r->actuals[port], memory_order_acquire);
        w->is_whole = w->ports == MANY;
    }
    if (!w->is_whole) {
        if (!next_led_to(r, netns, port, w, &record))
            return false;
        entry_of(&record, e);
        return true;
    }
    struct registry_entry any;
    while (registry_next(r, w, &any)) {
        if (any.asked.port == port && any.netns == netns) {
            *e = any;
            return true;
        }
    }
    return false;
}

/* Adds an inode to a record, unless somebody else writes it. */
static bool try_add_inode(struct registry *r, const struct slot_record *found, uint32_t inode,
                          uint32_t pid)
{
    struct slot_record record;
    unsigned step = 0, index;

    while (next_tagged(r, found->netns, found->actual_port, &step, &index)) {
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
    enum { TRIES = 16 }; /* others may write the entry meanwhile */
    struct slot_record found;

    for (int i = 0; i < TRIES; i++) {
        if (find_actual(r, netns, actual, SLOT_WORDS, &found) != REGISTRY_KNOWN ||
            has_inode(&found, inode) || try_add_inode(r, &found, inode, pid))
            return;
    }
}

bool registry_knows_sockets(const struct registry_entry *e, enum proto proto)
{
    bool is_full = e->inode[REGISTRY_INODES - 1] != 0; /* there may be others */
    return e->inode[0] != 0 && !is_full && (e->actual.proto != PROTO_ANY || proto == PROTO_TCP);
}

bool registry_knows_socket(const struct registry_entry *e, uint32_t inode)
{
    for (int i = 0; i < REGISTRY_INODES && e->inode[i] != 0; i++) {
        if (e->inode[i] == inode)
            return true;
    }
    return false;
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
    struct registry_walk walk = {.step = 0};
    struct registry_entry entry;
    bool found = false;

    *in_way = false;
    while (registry_next_asked(r, wanted->netns, wanted->asked.port, &walk, &entry)) {
        bool blocks = is_in_way(wanted, &entry);
        bool is_newer = !found || (int32_t)(entry.order - e->order) > 0;
        if (!found || (blocks && !*in_way) || (blocks == *in_way && is_newer)) {
            *e = entry;
            *in_way = blocks;
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

    while (next_record(r, netns, actual->port, &step, SLOT_WORDS, &record)) {
        struct registry_entry entry;
        entry_of(&record, &entry);
        if (endpoint_overlap(&entry.actual, actual)) {
            *e = entry;
            return true;
        }
    }
    return false;
}

HOT bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port)
{
    struct slot_record record;
    unsigned step = 0;

    return next_record(r, netns, port, &step, SLOT_KEY_WORDS, &record);
}

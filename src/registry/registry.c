/*
 * A table of fixed size without locks. A process may be killed at any instruction, and a
 * signal handler may interrupt any function here. slot.c reads and writes one record,
 * record.h defines it, layout.h places it, and put.c puts it in. This file makes the table,
 * and finds records in it.
 *
 * Records are found by their actual port, which getsockname() returns. A record may be in any
 * of the WINDOW slots that begin at the port's own, and is put into the first free one: a
 * search ends at a slot that was never used. The windows of adjacent ports begin far apart, or
 * a range of ports would fill each other's slots. If a window is full, the new record replaces
 * an unused one, else the oldest one of a process that has ended, else the oldest: the registry
 * is not told when a socket is closed, and a recent socket is most likely open.
 *
 * The ports of the slots are also stored side by side, four to a word, as tags, which makes the
 * search of a full window cheap. A tag is a hint: a slot is checked before it is used. If a writer
 * was killed before it set the tag, the next process that finds the slot sets it.
 *
 * From an asked port, `actuals` leads to its last four actual ports, or to MANY, which costs a
 * search of all slots.
 *
 * The memory may be a file that another program wrote to. Nothing in it is an offset or a
 * size, and a record is checked before it is used.
 */
#include "registry/registry.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "registry/find.h"
#include "registry/layout.h"
#include "registry/record.h"
#include "registry/slot.h"

/* "remap" and the version of the layout. A file with another beginning is not a registry. */
#define MAGIC UINT64_C(0x32302e70616d6572)

/* Makes a registry of memory that is all zeros. A second caller changes nothing. */
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

    /* A new file is all zeros, and so is an empty registry, apart from its beginning. */
    if (sys_statx_fd(fd, STATX_SIZE, &st) != 0)
        return NULL;
    if (st.stx_size < sizeof(struct registry) && sys_reserve(fd, sizeof(struct registry)) != 0) {
        int failure = errno;
        sys_ftruncate(fd, (off_t)st.stx_size); /* frees what was reserved */
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

HOT uint32_t registry_newest(const struct registry *r)
{
    return (uint32_t)atomic_load_explicit(&r->newest, memory_order_acquire);
}

/* ---- looking up ---- */

/* slot_read, but waits a moment for a writer. */
HOT static enum slot_state read_patiently(const struct slot *s, int words,
                                          struct slot_record *record)
{
    enum slot_state state = slot_read(s, words, record);
    return state == SLOT_BUSY ? slot_read_again(s, words, record) : state;
}

/* Finds the next record of an actual port in a namespace, from *step on. */
HOT static bool next_record(const struct registry *r, uint64_t netns, uint16_t port, unsigned *step,
                            int words, struct slot_record *record)
{
    unsigned index;

    while (layout_next_tagged(r, netns, port, step, &index)) {
        if (read_patiently(&r->slot[index], words, record) == SLOT_USED &&
            record->actual_port == port && record->netns == netns)
            return true;
    }
    return false;
}

/* Returns whether two records that match a socket have different answers. */
HOT static bool differ(const struct slot_record *a, const struct slot_record *b)
{
    return a->asked_port != b->asked_port ||
           ((record_tells_other_addr(a) || record_tells_other_addr(b)) &&
            !record_same_asked_addr(a, b));
}

HOT enum registry_answer find_actual(const struct registry *r, uint64_t netns,
                                     const struct endpoint *actual, int words,
                                     struct slot_record *found)
{
    struct slot_record key = {.actual_port = actual->port, .family = actual->addr.family};
    struct slot_record record;
    bool is_found = false, is_exact = false, needs_proto = false;
    unsigned step = 0;

    memcpy(key.actual_addr, actual->addr.bytes, sizeof(key.actual_addr));
    while (next_record(r, netns, actual->port, &step, words, &record)) {
        bool exact = record_same_addr(&key, &record);
        if (record.family != key.family ||
            (actual->proto != PROTO_ANY && record.proto != PROTO_ANY &&
             record.proto != actual->proto) ||
            (!exact && !record_is_wildcard(&record, &key)))
            continue;
        needs_proto = needs_proto || (is_found && differ(&record, found));
        /* An exact address precedes a wildcard, and a known protocol an unknown one. */
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
        record_key(&found, e);
    return answer;
}

HOT bool registry_may_have(const struct registry *r, uint64_t netns, uint16_t port)
{
    const struct group *group = &r->group[layout_first_group(netns, port)];
    return packed_ports_may_have(atomic_load_explicit(&group->tags, memory_order_acquire), port);
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

/* Reads an address as a record stores it: two words, unused bytes are 0. */
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
    enum { FIRST, NETNS, ACTUAL, ASKED = ACTUAL + 2, WORDS = ASKED + 2 }; /* words of a record */
    uint16_t port = endpoint_port(sa, sizeof(struct sockaddr_in));
    unsigned group = layout_first_group(netns, port);
    int lane =
        packed_ports_only(atomic_load_explicit(&r->group[group].tags, memory_order_acquire), port);
    uint64_t addr[2], word[WORDS];

    if (lane < 0)
        return 0;
    const struct slot *s = &r->slot[group * PACKED_PORTS + (unsigned)lane];
    uint64_t sequence = atomic_load_explicit(&s->sequence, memory_order_acquire);
    for (int i = 0; i < WORDS; i++)
        word[i] = atomic_load_explicit(&s->word[i], memory_order_acquire);
    bool is_whole =
        sequence % 2 == 0 && atomic_load_explicit(&s->sequence, memory_order_relaxed) == sequence;
    read_words(sa, addr);
    /* Without a branch for each comparison: after a system call, branches cost most. */
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
            record_entry(&record, e);
            return true;
        }
    }
    return false;
}

static bool next_led_to(const struct registry *r, uint64_t netns, uint16_t port,
                        struct registry_walk *w, struct slot_record *record)
{
    for (; w->ports != 0; w->ports >>= 16, w->step = 0) {
        uint16_t actual = packed_ports_at(w->ports, 0);
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
        record_entry(&record, e);
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

bool registry_knows_sockets(const struct registry_entry *e, enum proto proto)
{
    bool is_full = e->inode[REGISTRY_INODES - 1] != 0; /* there may be more */
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

/* Returns whether natively the socket of `b` would make a bind to the asked endpoint of `a` fail. */
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
        record_entry(&record, &entry);
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

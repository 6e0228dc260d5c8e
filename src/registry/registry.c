/*
 * A table of records in memory that processes share. It takes no lock: a process may be
 * killed at any instruction, and a signal handler may interrupt any function here.
 *
 * Records are found by their actual port. The port, with the number of its network
 * namespace, selects a bucket: half a cache line of tags, one for each record. A tag has a hash
 * of the record's actual address. So a look-up reads only the records of the address and of
 * its wildcards, however many others the port has. If a bucket is full of records whose
 * sockets are open, the next bucket is used.
 *
 * For an asked port, a list of the asked ports of all records is searched, four at a time, in the
 * parts that the port was ever recorded in.
 *
 * A writer takes a free tag (TAG_BUSY), writes the record, and stores its tag. The endpoints of a
 * record never change afterwards: another record replaces it. A record whose socket is closed is
 * stale. It does no harm until it meets another: settle.c removes it then.
 *
 * The memory may be a file that another program wrote to. Nothing in it is an offset or a
 * size that is not checked, and a record is checked before it is used.
 *
 * Memory order. A writer stores the words of a record, then its tag, each with release. A
 * reader loads the tag with acquire: it sees those words, or later ones. Later ones are of
 * another record, and the stamp shows a mixture (record.h). put.c and settle.c have the
 * places where each side writes one word and then reads the other's. tests/litmus has a model of
 * each.
 */
#include "registry/registry.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "registry/find.h"
#include "registry/layout.h"

/* "remap" and the version of the layout. A file with another beginning is not a registry. */
#define MAGIC UINT64_C(0x34302e70616d6572)

/* Draws the number of a registry that has none. */
static void draw_identity(struct registry *r)
{
    uint64_t none = 0, identity = (uintptr_t)r;
    struct timespec time = {0, 0};

    if (atomic_load(&r->ports.identity) != none)
        return;
    clock_gettime(CLOCK_REALTIME, &time);
    identity ^= (uint64_t)time.tv_nsec << 20 ^ (uint64_t)time.tv_sec ^ (uint64_t)sys_getpid() << 40;
    atomic_compare_exchange_strong(&r->ports.identity, &none, ports_mix(identity) | 1);
}

struct registry *registry_create(void)
{
    struct registry *r =
        mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (r == MAP_FAILED)
        return NULL;
    draw_identity(r);
    return r;
}

/*
 * Makes an empty file as large as a registry. A file never becomes shorter, since that would
 * kill the processes that have mapped it. Its blocks are reserved for the same reason.
 */
static bool prepare(int fd)
{
    struct statx st;
    uint64_t magic = 0;

    if (sys_statx_fd(fd, STATX_SIZE, &st) != 0)
        return false;
    if (st.stx_size >= sizeof(struct registry))
        return true;
    if (st.stx_size > 0 && (sys_pread(fd, &magic, sizeof(magic), 0) != sizeof(magic) ||
                            (magic != MAGIC && magic != 0))) {
        errno = EINVAL;
        return false;
    }
    return sys_reserve(fd, sizeof(struct registry)) == 0;
}

struct registry *registry_map(int fd)
{
    uint64_t magic = 0;

    if (!prepare(fd))
        return NULL;
    struct registry *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (r == MAP_FAILED)
        return NULL;
    /* Else the first access to each part would read, or fill with zeros, far more than its page. */
    sys_call(SYS_madvise, (long)r, sizeof(*r), MADV_RANDOM);
    if (!atomic_compare_exchange_strong(&r->ports.magic, &magic, MAGIC) && magic != MAGIC) {
        registry_destroy(r);
        errno = EINVAL;
        return NULL;
    }
    draw_identity(r);
    return r;
}

size_t registry_size(void)
{
    return sizeof(struct registry);
}

void registry_destroy(struct registry *r)
{
    munmap(r, sizeof(*r));
}

uint64_t registry_identity(const struct registry *r)
{
    return atomic_load(&r->ports.identity) >> 32;
}

/* ---- by the actual endpoint ---- */

/* Returns whether the answer depends on the protocol. Counted sockets may have the port, too. */
HOT static inline bool needs_proto(const struct registry *r, const struct find_matches *m)
{
    return (m->have_protocols && m->have_answers) || registry_has_passed(r, m->best.actual_port);
}

HOT enum registry_answer registry_by_actual(const struct registry *r, uint64_t netns,
                                            const struct endpoint *actual, struct registry_entry *e)
{
    struct find_wanted w;
    struct find_matches m;
    uint64_t addr[2];

    memcpy(addr, actual->addr.bytes, sizeof(addr));
    find_start(&w, netns, actual->proto, actual->addr.family, actual->port);
    find_with_wildcards(&w, addr);
    find_matches(r, &w, &m);
    if (!m.is_found)
        return REGISTRY_UNKNOWN;
    if (actual->proto == PROTO_ANY && needs_proto(r, &m))
        return REGISTRY_NEEDS_PROTO;
    record_to_key(&m.best, e);
    return REGISTRY_KNOWN;
}

/* Reads an address into the two words that a record has for it. Unused bytes are 0. */
HOT static inline void read_words(const struct sockaddr *sa, uint64_t word[2])
{
    word[0] = word[1] = 0;
    if (endpoint_family(sa) == AF_INET)
        memcpy(word, (const char *)sa + offsetof(struct sockaddr_in, sin_addr), 4);
    else
        memcpy(word, (const char *)sa + offsetof(struct sockaddr_in6, sin6_addr), 16);
}

HOT uint16_t registry_quick_port(const struct registry *r, uint64_t netns,
                                 const struct sockaddr *sa)
{
    uint16_t port = endpoint_port(sa, sizeof(struct sockaddr_in));
    struct find_wanted w;
    struct find_matches m;
    uint64_t addr[2];

    read_words(sa, addr);
    find_start(&w, netns, PROTO_ANY, (uint8_t)endpoint_family(sa), port);
    find_with_wildcards(&w, addr);
    find_matches(r, &w, &m);
    bool is_plain = m.is_found && !needs_proto(r, &m) &&
                    record_same_addr(m.best.asked_addr, m.best.actual_addr);
    return is_plain ? m.best.asked_port : 0;
}

/* ---- by the actual port ---- */

bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port)
{
    struct find_walk walk = {0};
    struct record record;

    return registry_may_have(r, port) && find_next(r, netns, port, &walk, &record);
}

bool registry_in_way(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                     struct registry_entry *e)
{
    struct find_walk walk = {0};
    struct record record;
    struct registry_entry entry;

    while (find_next(r, netns, actual->port, &walk, &record)) {
        record_to_entry(&record, &entry);
        if (endpoint_overlap(&entry.actual, actual)) {
            *e = entry;
            return true;
        }
    }
    return false;
}

bool registry_next(const struct registry *r, struct registry_walk *w, struct registry_entry *e)
{
    struct find_walk walk = {.step = w->step};
    struct record record;

    if (!find_next_of_all(r, &walk, &record))
        return false;
    w->step = walk.step;
    record_to_entry(&record, e);
    return true;
}

/* ---- the sockets of a record ---- */

bool registry_knows_sockets(const struct registry_entry *e)
{
    return e->inode[0] != 0 && e->inode[REGISTRY_INODES - 1] == 0; /* else there may be others */
}

bool registry_knows_socket(const struct registry_entry *e, uint32_t inode)
{
    for (int i = 0; i < REGISTRY_INODES && e->inode[i] != 0; i++) {
        if (e->inode[i] == inode)
            return true;
    }
    return false;
}

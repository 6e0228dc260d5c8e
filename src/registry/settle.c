/*
 * Making the records agree with the sockets that the kernel lists.
 *
 * Nothing tells the registry when a socket is closed. A stale record does no harm by itself. So the
 * kernel is asked only where records meet: if a look-up has several answers, if a bucket is
 * full, or if a record is put beside another.
 *
 * A process must not remove a record while another one binds the same endpoint again and finds
 * its record in place. So it first marks the record, with a number of its own, then asks the
 * kernel, then removes the record if that mark is still there. The other process binds its socket, then looks at
 * the tag, and takes the mark away (keep() in put.c). If it looks before the mark is set, its
 * bind came before the question, and the kernel lists its socket. If it looks after, the record
 * is no longer marked, or it is gone, and the process writes another. A third process may put its
 * mark over another: then that one decides, which asks the kernel later. All accesses to tags
 * here and in keep() are sequentially consistent, and the system calls between them take locks.
 *
 * Binds that are not remapped are not recorded, but counted by port. If such a socket has the
 * port of a record, the port alone no longer tells one from the other. Then the sockets that
 * the registry does not know are recorded as what they are: the asked endpoint is the actual
 * one. Once the port has no other records, they are counted again.
 *
 * A list of many sockets is read in parts, and the kernel may leave out a socket if another
 * one is closed between two parts. So such a list is read twice.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "core/hot.h"
#include "linux/netns.h"
#include "linux/procfs.h"
#include "linux/sock_diag.h"
#include "linux/sys.h"
#include "registry/find.h"
#include "registry/layout.h"
#include "registry/write.h"

/* What to settle: the records of one port, or of all if that is 0. */
struct scope {
    struct registry *r;
    uint64_t netns;
    uint16_t port;
    uint64_t mark;       /* as it is in a tag */
    bool records_others; /* also sockets that the registry does not know */
    struct find_walk walk;
};

/* Reads the next record, valid or not, of the scope. Begins again after the last one. */
static bool next(struct scope *s, struct record *record)
{
    bool is_found = s->port != 0 ? find_next(s->r, s->netns, s->port, &s->walk, record)
                                 : find_next_of_all(s->r, &s->walk, record);
    if (!is_found)
        s->walk = (struct find_walk){0};
    return is_found;
}

/* ---- marks ---- */

static void mark(struct scope *s, unsigned index)
{
    _Atomic uint64_t *at = layout_tag_of(s->r, index);
    uint64_t tag = atomic_load(at);

    while ((tag & TAG_VALID) != 0 &&
           !atomic_compare_exchange_weak(at, &tag, (tag & ~TAG_MARK) | s->mark))
        ;
}

static bool is_marked(struct scope *s, unsigned index)
{
    uint64_t tag = atomic_load(layout_tag_of(s->r, index));
    return (tag & TAG_VALID) != 0 && (tag & TAG_MARK) == s->mark;
}

static void unmark(struct scope *s, unsigned index)
{
    uint64_t tag = atomic_load(layout_tag_of(s->r, index));

    if ((tag & TAG_VALID) != 0 && (tag & TAG_MARK) == s->mark)
        atomic_compare_exchange_strong(layout_tag_of(s->r, index), &tag, tag & ~TAG_MARK);
}

static void remove_marked(struct scope *s, unsigned index)
{
    uint64_t tag = atomic_load(layout_tag_of(s->r, index));

    if ((tag & TAG_VALID) != 0 && (tag & TAG_MARK) == s->mark)
        write_free(s->r, index, tag, NULL);
}

/* Returns whether the process of a record has ended. False if that is not known. */
static bool has_ended(const struct record *record, uint32_t pid_namespace)
{
    return pid_namespace != 0 && record->pid_namespace == pid_namespace && record->pid != 0 &&
           record->pid <= INT32_MAX && sys_kill((pid_t)record->pid, 0) != 0 && errno == ESRCH;
}

/*
 * Marks the records that are stale if the kernel does not list their sockets. Before Linux 6.8 it
 * does not list TCP sockets that do not listen yet: their process must have ended, too. About
 * other protocols and network namespaces it cannot be asked: if room is needed, the records of
 * processes that have ended are removed.
 */
static void mark_all(struct scope *s)
{
    uint32_t pid_namespace = (uint32_t)procfs_pid_namespace();
    bool lists_bound = sock_diag_lists_bound();
    struct record record;

    while (next(s, &record)) {
        bool is_listed =
            record.netns == s->netns && (record.proto == PROTO_UDP || record.proto == PROTO_TCP);
        bool is_bound_listed = record.proto == PROTO_UDP || lists_bound;
        if (is_listed ? is_bound_listed || has_ended(&record, pid_namespace)
                      : s->port == 0 && has_ended(&record, pid_namespace))
            mark(s, s->walk.index);
        if (!is_listed)
            remove_marked(s, s->walk.index);
    }
}

/* ---- sockets ---- */

/* Returns whether the record is of this socket, or the socket is a connection that it accepted. */
static bool is_of(const struct record *record, const struct sock_diag_socket *socket)
{
    struct addr own = record_addr(record, record->actual_addr);
    struct addr plain = addr_unmapped(&own);

    if (record->proto != socket->local.proto)
        return false;
    if (addr_equal(&own, &socket->local.addr))
        return true;
    /* A connection has an address of its own, and may become AF_INET (IPV6_ADDRFORM, ipv6(7)). */
    struct addr local = addr_unmapped(&socket->local.addr);
    return !socket->listens && (addr_is_wildcard(&plain) || addr_equal(&plain, &local));
}

/* Removes the marks from the records of a socket. Returns whether it has any. */
static bool keep_records(struct scope *s, const struct sock_diag_socket *socket)
{
    struct find_walk walk = {0};
    struct record record;
    bool is_known = false;

    if (!registry_may_have(s->r, socket->local.port))
        return false;
    while (find_next(s->r, s->netns, socket->local.port, &walk, &record)) {
        if (is_of(&record, socket)) {
            unmark(s, walk.index);
            is_known = true;
        }
    }
    return is_known;
}

/*
 * Records a socket whose asked endpoint is its actual one. A connection gets the wildcard: a record
 * of the exact address precedes it, and a server on the wildcard replaces it.
 */
static void record_itself(struct scope *s, const struct sock_diag_socket *socket,
                          bool is_connection)
{
    struct endpoint own = socket->local;

    if (is_connection)
        own.addr = (struct addr){.family = own.addr.family};
    struct registry_entry e = {.asked = own,
                               .actual = own,
                               .netns = s->netns,
                               .inode = {socket->inode},
                               .v6only = socket->v6only};
    struct record record = record_of(&e);
    bool is_alone;

    record.flags |= RECORD_LISTED;
    (void)!write_record(s->r, &record, &is_alone);
}

/* Reads the kernel's list of sockets. Returns false if it cannot be read. */
static bool read_sockets(struct scope *s, enum sock_diag_kind kind, enum proto proto,
                         uint8_t family)
{
    enum { BATCH = 16 }; /* fewer than the kernel writes at once */
    const struct endpoint wanted = {proto, {.family = family}, s->port};
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;

    for (unsigned turn = 0, count = 0; turn == 0 || (turn == 1 && count > BATCH); turn++) {
        sock_diag_begin(&dump, kind, s->netns, &wanted);
        for (count = 0; sock_diag_next(&dump, &socket); count++) {
            bool is_open = socket.inode != 0; /* else its process has closed it */
            if (is_open && !keep_records(s, &socket) && s->records_others)
                record_itself(s, &socket, kind == SOCK_DIAG_CONNECTED);
        }
        if (!sock_diag_end(&dump))
            return false;
    }
    return true;
}

/* Returns whether a record that may have a socket of the protocol and family is marked. */
static bool has_marked(struct scope *s, enum proto proto, uint8_t family)
{
    struct record record;
    bool is_found = false;

    while (next(s, &record))
        is_found = is_found || (record.proto == proto && is_marked(s, s->walk.index) &&
                                (record.family == family || record.family == AF_INET6));
    return is_found;
}

/*
 * Removes the marks from the records of open sockets. Asks only for the kinds that are needed,
 * since each list takes time, in the order in which a socket passes through them.
 */
static bool keep_open(struct scope *s)
{
    static const struct {
        enum sock_diag_kind kind;
        enum proto proto;
    } LISTS[] = {
        {SOCK_DIAG_IDLE, PROTO_UDP},
        {SOCK_DIAG_IDLE, PROTO_TCP},
        {SOCK_DIAG_LISTENING, PROTO_TCP},
        {SOCK_DIAG_CONNECTED, PROTO_TCP},
    };
    static const uint8_t FAMILIES[] = {AF_INET, AF_INET6};

    for (size_t i = 0; i < 2 * sizeof(LISTS) / sizeof(LISTS[0]); i++) {
        enum sock_diag_kind kind = LISTS[i / 2].kind;
        enum proto proto = LISTS[i / 2].proto;
        uint8_t family = FAMILIES[i % 2];
        if ((s->records_others || has_marked(s, proto, family)) &&
            !read_sockets(s, kind, proto, family))
            return false;
    }
    return true;
}

/* ---- settling ---- */

static bool has_remapped(const struct registry *r, uint64_t netns, uint16_t port)
{
    struct find_walk walk = {0};
    struct record record;

    while (find_next(r, netns, port, &walk, &record)) {
        if (!record_is_itself(&record))
            return true;
    }
    return false;
}

/* Returns whether look-ups must continue after a bucket to find a record. */
static bool has_records_behind(const struct registry *r, unsigned number)
{
    struct record record;

    for (unsigned distance = 1; distance < BUCKETS; distance++) {
        const struct bucket *before = &r->bucket[(number + distance - 1) % BUCKETS];
        unsigned first = (number + distance) % BUCKETS * BUCKET_RECORDS;
        if (atomic_load(&before->passed_by) == 0)
            return false;
        for (unsigned index = first; index < first + BUCKET_RECORDS; index++) {
            if (!layout_is_valid(r, index) || !record_read(&r->slot[index], &record))
                continue;
            unsigned home = layout_bucket(record.netns, record.actual_port);
            if ((first / BUCKET_RECORDS - home) % BUCKETS >= distance)
                return true;
        }
    }
    return false;
}

/*
 * Lets look-ups end at a bucket again if no record needs more. A writer counts itself there before
 * and after it publishes a record: if it does so meanwhile, the count is not 0 afterwards.
 */
static void release(struct registry *r, unsigned number)
{
    uint64_t count = atomic_load(&r->bucket[number].passed_by);

    if (count != 0 && !has_records_behind(r, number))
        atomic_compare_exchange_strong(&r->bucket[number].passed_by, &count, 0);
}

/* Releases the buckets of the scope. */
static void release_all(struct scope *s)
{
    unsigned first = s->port != 0 ? layout_bucket(s->netns, s->port) : 0;

    for (unsigned i = 0; i < BUCKETS; i++) {
        unsigned number = (first + i) % BUCKETS;
        if (s->port != 0 && atomic_load(&s->r->bucket[number].passed_by) == 0)
            break;
        release(s->r, number);
    }
}

/* Removes the marked records if the list is complete. Otherwise only removes the marks. */
static void finish(struct scope *s, bool is_listed)
{
    struct record record;

    while (next(s, &record)) {
        if (is_listed)
            remove_marked(s, s->walk.index);
        else
            unmark(s, s->walk.index);
    }
    while (is_listed && next(s, &record)) {
        if (record_is_itself(&record) && !has_remapped(s->r, record.netns, record.actual_port)) {
            registry_count_passed(s->r, record.actual_port);
            mark(s, s->walk.index);
            remove_marked(s, s->walk.index);
        }
    }
    if (is_listed)
        release_all(s);
}

COLD bool registry_settle(struct registry *r, uint64_t netns, uint16_t port)
{
    uint32_t passed = port != 0 ? atomic_load(&r->ports.passed[port]) : 0;
    struct scope s = {.r = r, .netns = netns, .port = port, .records_others = passed != 0};
    int saved = errno;

    do
        s.mark = (uint64_t)atomic_fetch_add(&r->ports.marks, 1) << 2 & TAG_MARK;
    while (s.mark == 0);

    mark_all(&s);
    bool is_listed = netns_is_own(netns) && keep_open(&s);
    finish(&s, is_listed);
    if (is_listed && passed != 0)
        atomic_compare_exchange_strong(&r->ports.passed[port], &passed, 0);
    errno = saved;
    return is_listed;
}

/*
 * The registry says which sockets were bound to the asked endpoint, the kernel which of them
 * is still open (sock_diag). If none is, the address stays as it is: a real server on the
 * real port answers, or none.
 *
 * A record of the very address goes before one of the wildcard, and a newer one before an
 * older one.
 */
#include "translate/server.h"

#include "core/hot.h"
#include "linux/sock_diag.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/cache.h"
#include "translate/engine.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

/* ---- is a record's socket open? ---- */

/*
 * Returns true if one of the sockets at the actual port has its number in the record. The
 * one that was found need not: a record has room for a few only (SO_REUSEPORT).
 */
static bool has_recorded_socket(const struct target *t, const struct registry_entry *e)
{
    struct endpoint bound = t->actual;
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    bool has_one = false;

    bound.addr.family = e->actual.addr.family; /* AF_INET6 for :: with an IPv4 client */
    sock_diag_begin(&dump, SOCK_DIAG_BOUND, t->netns, &bound);
    while (!has_one && sock_diag_next(&dump, &socket))
        has_one = registry_knows_socket(e, socket.inode);
    sock_diag_end(&dump);
    return has_one;
}

enum state {
    CLOSED,
    OPEN,
    BESIDE, /* it may be open, but one of the other family is reached: IPv4 goes before :: */
};

/*
 * Returns whether the socket at the actual endpoint is the record's, and not another one that
 * has the port now. If the record does not have its number, the user decides.
 */
static enum state state_of(const struct target *t, const struct registry_entry *e)
{
    struct sock_diag_socket found;
    enum sock_diag_answer answer = sock_diag_find(t->netns, &t->actual, NULL, &found);
    bool is_own;

    if (answer != SOCK_DIAG_FOUND)
        return answer == SOCK_DIAG_UNKNOWN ? OPEN : CLOSED;
    if (addr_unmapped(&found.local.addr).family != addr_unmapped(&e->actual.addr).family)
        return BESIDE;
    if (!registry_knows_sockets(e))
        is_own = found.uid == e->uid || found.uid == (uint32_t)sys_geteuid();
    else
        is_own = registry_knows_socket(e, found.inode) || has_recorded_socket(t, e);
    return is_own ? OPEN : CLOSED;
}

/*
 * Returns a number for the record of a server that was found open. It is another one as soon as a
 * server binds in the tree, or gets a socket.
 */
static uint64_t key_of(const struct target *t, const struct registry_entry *e)
{
    uint64_t key = 's' ^ t->netns ^ (uint64_t)registry_changes(t->registry) << 32 ^
                   (uint64_t)e->order << 8 ^ (uint64_t)t->actual.proto << 48;

    return cache_key(key, &t->actual.addr, sizeof(t->actual.addr));
}

/*
 * state_of(), where an open socket is taken to be open for a moment if the caller is told that it was
 * closed: a connection is refused then (connect.c). Only if the port is given to a socket outside the
 * tree within the moment, that one is reached.
 */
static enum state recent_state_of(struct target *t, const struct registry_entry *e)
{
    if (!t->may_be_recent || t->actual.proto != PROTO_TCP)
        return state_of(t, e);
    uint64_t key = key_of(t, e);
    if (cache_is_fresh(key)) {
        t->is_recent = true;
        return OPEN;
    }
    enum state state = state_of(t, e);
    if (state == OPEN)
        cache_put(key, 0);
    return state;
}

/* Returns true if a TCP socket connects to itself (RFC 9293, simultaneous open). */
static bool is_itself(const struct target *t)
{
    struct endpoint own;

    return t->actual.proto == PROTO_TCP && socket_name(t->fd, &own) && own.port == t->actual.port &&
           addr_overlap(&own.addr, &t->actual.addr);
}

/* ---- which record? ---- */

enum cover {
    COVER_NONE,
    COVER_WILDCARD, /* :: covers IPv4 too; if its socket is of IPv6 alone, the kernel says so */
    COVER_EXACT,
};

/* Returns how the asked address of a record covers a destination. */
static enum cover covers(const struct registry_entry *e, const struct addr *to)
{
    struct addr asked = addr_unmapped(&e->asked.addr);

    if (addr_equal(&asked, to))
        return COVER_EXACT;
    bool is_family = asked.family == to->family || asked.family == AF_INET6;
    return addr_is_wildcard(&asked) && is_family ? COVER_WILDCARD : COVER_NONE;
}

/* A record that covers the destination. The rank orders them: by address, then by age. */
struct candidate {
    uint64_t rank;
    unsigned seen; /* the records that the last search read */
    struct registry_entry entry;
};

/* Finds the candidate of the highest rank below that of *c, which it leaves there. */
static bool next_candidate(const struct target *t, struct candidate *c)
{
    struct registry_walk walk = {0};
    struct registry_entry e;
    const struct addr to = server_destination(&t->asked);
    uint64_t below = c->rank;

    c->rank = c->seen = 0;
    while (registry_next_asked(t->registry, t->netns, t->asked.port, &walk, &e)) {
        enum cover cover = covers(&e, &to);
        c->seen++;
        uint64_t rank = (uint64_t)cover << 32 | e.order;
        if (e.actual.proto == t->asked.proto && !e.is_dropped && cover != COVER_NONE &&
            rank < below && rank > c->rank)
            *c = (struct candidate){rank, c->seen, e};
    }
    return c->rank != 0;
}

/* Returns true if the registry still gives this asked port for the record's actual endpoint. */
static bool is_current(const struct target *t, const struct registry_entry *e)
{
    struct endpoint actual = e->actual;
    struct registry_entry now;

    actual.proto = t->asked.proto;
    return registry_by_actual(t->registry, t->netns, &actual, &now) == REGISTRY_KNOWN &&
           now.asked.port == e->asked.port;
}

static bool redirect(struct target *t, const struct registry_entry *e)
{
    struct addr host = addr_unmapped(&e->actual.addr);
    bool keeps_addr = addr_is_wildcard(&host) || addr_equal(&e->asked.addr, &e->actual.addr);

    return server_redirect(t, keeps_addr ? NULL : &host, e->actual.port);
}

/* Returns true if a record leads to another address, which *t then has. */
static bool leads_elsewhere(struct target *t, const struct registry_entry *e)
{
    bool is_mapped =
        e->asked.port != e->actual.port || !addr_equal(&e->asked.addr, &e->actual.addr);
    return is_mapped && redirect(t, e);
}

/*
 * Removes the records of closed sockets, at the first call. Returns true if the search must be
 * repeated.
 */
static bool settle_once(const struct target *t, bool *is_settled)
{
    bool is_first = !*is_settled;

    *is_settled = true;
    return is_first && shared_registry_settle(t->netns, 0);
}

/*
 * Finds a record whose socket is open. The record must still be current afterwards: otherwise the
 * socket belongs to a newer one. When the first closed socket is met, or many records, the records
 * of closed sockets are removed and the search is repeated, so that its cost does not grow with
 * them.
 */
static bool find_recorded(struct target *t, bool is_settled)
{
    enum { MANY = 64 };
    struct candidate c = {.rank = UINT64_MAX};

    while (next_candidate(t, &c)) {
        if (c.seen > MANY && settle_once(t, &is_settled))
            return find_recorded(t, true);
        if (!leads_elsewhere(t, &c.entry))
            continue;
        enum state state = recent_state_of(t, &c.entry);
        if (state == CLOSED && is_itself(t))
            state = OPEN;
        if (state == OPEN && is_current(t, &c.entry))
            return true;
        if (state != BESIDE && settle_once(t, &is_settled))
            return find_recorded(t, true);
    }
    return false;
}

static bool find_by_table(struct target *t, const struct table *table)
{
    struct endpoint asked = t->asked;

    asked.addr = server_destination(&t->asked);
    struct decision d = table_decide(table, &asked);
    return d.action == ACTION_MAP && d.first == d.last &&
           server_redirect(t, addr_is_wildcard(&d.host) ? NULL : &d.host, d.first);
}

/* Returns true if no socket has the asked port itself, as far as the kernel says. */
static bool is_unused(const struct target *t)
{
    const struct endpoint real = {t->asked.proto, server_destination(&t->asked), t->asked.port};
    struct sock_diag_socket found;

    return sock_diag_find(t->netns, &real, NULL, &found) == SOCK_DIAG_NONE;
}

/*
 * A UDP client may connect before its server binds. It then goes where the rules send the server,
 * unless another server has the asked port.
 */
COLD bool server_find(struct target *t)
{
    const struct config *config = &settings_get()->config;
    bool is_connect = t->asked.proto == PROTO_ANY, is_deferred = false;

    if (is_connect || (t->fd >= 0 && engine_may_be_portless()))
        t->asked.proto = socket_proto_to_connect(t->fd, &is_deferred);
    if (is_deferred)
        t->may_be_recent = false;
    if (t->asked.proto == PROTO_PORTLESS || !cache_is_local(t->netns, &t->asked.addr))
        return false;
    if (t->registry != NULL && registry_has_asked(t->registry, t->netns, t->asked.port) &&
        find_recorded(t, false))
        return true;
    bool goes_by_table = config->connect == CONNECT_TABLE ||
                         (is_connect && t->asked.proto == PROTO_UDP && is_unused(t));
    if (!goes_by_table || !find_by_table(t, &config->table))
        return false;
    atomic_store_explicit(&shared_registry_known.calls_by_table, true, memory_order_relaxed);
    return true;
}

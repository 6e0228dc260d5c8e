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
    char buf[SOCK_DIAG_SIZE];
    bool has_one = false;

    bound.addr.family = e->actual.addr.family; /* AF_INET6 for :: with an IPv4 client */
    sock_diag_begin(&dump, t->netns, &bound, buf, sizeof(buf));
    while (!has_one && sock_diag_next(&dump, &socket))
        has_one = registry_knows_socket(e, socket.inode);
    sock_diag_end(&dump);
    return has_one;
}

/*
 * Returns true if the socket at the actual endpoint is the record's, and not another one that
 * has the port now. If the record does not have its number, the user decides.
 */
static bool is_open(const struct target *t, const struct registry_entry *e)
{
    struct sock_diag_socket found;
    enum sock_diag_answer answer = sock_diag_find(t->netns, &t->actual, NULL, &found);

    if (answer != SOCK_DIAG_FOUND)
        return answer == SOCK_DIAG_UNKNOWN;
    if (!registry_knows_sockets(e, t->actual.proto))
        return found.uid == e->uid || found.uid == (uint32_t)sys_geteuid();
    return registry_knows_socket(e, found.inode) || has_recorded_socket(t, e);
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

static bool is_newer(const struct registry_entry *a, const struct registry_entry *b)
{
    return (int32_t)(a->order - b->order) > 0;
}

/*
 * Finds the newest record that covers the destination so, and is older than *e unless this
 * is the first one. Leaves it in *e.
 */
static bool next_candidate(const struct target *t, enum cover cover, bool is_first,
                           struct registry_entry *e)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry entry, newest;
    const struct addr to = server_destination(&t->asked);
    bool is_found = false;

    while (registry_next_asked(t->registry, t->netns, t->asked.port, &walk, &entry)) {
        bool is_proto = entry.actual.proto == PROTO_ANY || entry.actual.proto == t->asked.proto;
        if (is_proto && covers(&entry, &to) == cover && (is_first || is_newer(e, &entry)) &&
            (!is_found || !is_newer(&newest, &entry))) {
            newest = entry;
            is_found = true;
        }
    }
    if (is_found)
        *e = newest;
    return is_found;
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

static bool find_recorded(struct target *t)
{
    enum { TRIES = 8 }; /* stale records */
    struct registry_entry e;

    for (enum cover cover = COVER_EXACT; cover > COVER_NONE; cover--) {
        for (int i = 0; i < TRIES && next_candidate(t, cover, i == 0, &e); i++) {
            bool is_mapped =
                e.asked.port != e.actual.port || !addr_equal(&e.asked.addr, &e.actual.addr);
            if (is_mapped && is_current(t, &e) && redirect(t, &e) &&
                (is_open(t, &e) || is_itself(t)))
                return true;
        }
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

COLD bool server_find(struct target *t)
{
    const struct config *config = &settings_get()->config;

    if (t->asked.proto == PROTO_ANY || engine_may_be_portless())
        t->asked.proto = socket_proto(t->fd);
    if (t->asked.proto == PROTO_PORTLESS || !cache_is_local(t->netns, t->name, t->len))
        return false;
    return find_recorded(t) ||
           (config->connect == CONNECT_TABLE && find_by_table(t, &config->table));
}

/*
 * The registry is asked who was bound to the asked endpoint, and the kernel, whether that
 * socket lives: where it does not, the address stays as it is, and a real server on the
 * real port answers, or nobody.
 */
#include "translate/server.h"

#include <string.h>

#include "linux/sock_diag.h"
#include "linux/socket.h"
#include "linux/sys.h"

static const struct addr same = {.family = AF_UNSPEC};

/* ---- which socket lives ---- */

/*
 * Whether one of the sockets at the entry's port is known by its number, if not the one
 * found: there may be more of them than the entry has room for (SO_REUSEPORT).
 */
static bool has_one_of_ours(uint64_t netns, const struct registry_entry *e,
                            const struct endpoint *actual)
{
    struct endpoint bound = *actual;
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    char buf[SOCK_DIAG_SIZE];
    bool is_ours = false;

    bound.addr.family = e->actual.addr.family; /* which :: has for both */
    sock_diag_begin(&dump, netns, &bound, buf, sizeof(buf));
    while (!is_ours && sock_diag_next(&dump, &socket))
        is_ours = registry_knows_socket(e, socket.inode);
    sock_diag_end(&dump);
    return is_ours;
}

/*
 * Whether the socket that is found at `actual` is that of the entry, and no stranger's
 * who has the port now. Where its number is not known, whose it is must do.
 */
static bool lives_at(uint64_t netns, const struct registry_entry *e, const struct endpoint *actual)
{
    struct sock_diag_socket found;
    enum sock_diag_answer answer = sock_diag_find(netns, actual, NULL, &found);

    if (answer != SOCK_DIAG_FOUND)
        return answer == SOCK_DIAG_UNKNOWN;
    if (!registry_knows_sockets(e, actual->proto))
        return found.uid == e->uid || found.uid == (uint32_t)sys_geteuid();
    return registry_knows_socket(e, found.inode) || has_one_of_ours(netns, e, actual);
}

/* Whether a socket of TCP connects to its own end (RFC 9293, simultaneous open). */
static bool is_own_end(const struct target *t, const struct endpoint *actual)
{
    struct endpoint own;

    return actual->proto == PROTO_TCP && socket_name(t->fd, &own) && own.port == actual->port &&
           addr_overlap(&own.addr, &actual->addr);
}

/* ---- which entry it is ---- */

enum cover {
    COVER_NONE,
    COVER_WILDCARD,
    COVER_EXACT,
};

/* How the entry's asked address stands to the destination. That :: may be of IPv6 alone, the kernel knows. */
static enum cover covers(const struct registry_entry *e, const struct addr *to)
{
    struct addr asked = addr_unmapped(&e->asked.addr);

    if (addr_equal(&asked, to))
        return COVER_EXACT;
    bool is_family = asked.family == to->family || asked.family == AF_INET6;
    return addr_is_wildcard(&asked) && is_family ? COVER_WILDCARD : COVER_NONE;
}

/* Writes the entry's actual endpoint, as this target sees it, to t->copy and *actual. */
static bool direct(struct target *t, const struct registry_entry *e, struct endpoint *actual)
{
    struct addr there = addr_unmapped(&e->actual.addr);
    bool keeps = addr_is_wildcard(&there) || addr_equal(&e->asked.addr, &e->actual.addr);

    memcpy(&t->copy, t->name, t->len);
    if (!endpoint_to_sockaddr(keeps ? &same : &there, e->actual.port, (struct sockaddr *)&t->copy))
        return false;
    *actual = (struct endpoint){t->asked.proto, keeps ? server_destination(&t->asked) : there,
                                e->actual.port};
    return true;
}

/* Whether the entry is what the registry has for its actual endpoint, seen from this protocol. */
static bool holds(const struct target *t, const struct registry_entry *e)
{
    struct endpoint actual = e->actual;
    struct registry_entry now;

    actual.proto = t->asked.proto;
    return registry_by_actual(t->registry, t->netns, &actual, &now) == REGISTRY_KNOWN &&
           now.asked.port == e->asked.port;
}

/* The newest entry before *order that covers the destination so. */
static bool next_candidate(const struct target *t, const struct addr *to, enum cover cover,
                           struct registry_entry *e, bool *has_order, uint32_t *order)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry entry;
    bool found = false;

    while (registry_next_asked(t->registry, t->netns, t->asked.port, &walk, &entry)) {
        bool is_proto = entry.actual.proto == PROTO_ANY || entry.actual.proto == t->asked.proto;
        if (!is_proto || covers(&entry, to) != cover ||
            (*has_order && (int32_t)(entry.order - *order) >= 0) ||
            (found && (int32_t)(entry.order - e->order) < 0))
            continue;
        *e = entry;
        found = true;
    }
    if (found) {
        *order = e->order;
        *has_order = true;
    }
    return found;
}

bool server_find(struct target *t)
{
    enum { TRIES = 8 }; /* old entries of sockets that are closed */
    struct addr to = server_destination(&t->asked);
    struct registry_entry e;
    struct endpoint actual;

    for (enum cover cover = COVER_EXACT; cover > COVER_NONE; cover--) {
        bool has_order = false;
        uint32_t order = 0;
        for (int i = 0; i < TRIES && next_candidate(t, &to, cover, &e, &has_order, &order); i++) {
            bool is_itself =
                e.asked.port == e.actual.port && addr_equal(&e.asked.addr, &e.actual.addr);
            if (!is_itself && holds(t, &e) && direct(t, &e, &actual) &&
                (lives_at(t->netns, &e, &actual) || is_own_end(t, &actual)))
                return true;
        }
    }
    return false;
}

bool server_find_by_table(struct target *t)
{
    struct endpoint asked = t->asked;

    asked.addr = server_destination(&t->asked);
    struct decision d = table_decide(&t->settings->config.table, &asked);
    if (d.action != ACTION_MAP || d.first != d.last)
        return false;
    memcpy(&t->copy, t->name, t->len);
    const struct addr *host = addr_is_wildcard(&d.host) ? &same : &d.host;
    return endpoint_to_sockaddr(host, d.first, (struct sockaddr *)&t->copy);
}

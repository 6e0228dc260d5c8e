/*
 * Where a rule leaves a choice of ports (a range, auto), the asked port keeps the
 * actual port that it got first: on other addresses and protocols it gets the
 * same one where that is free, and a second bind of what is bound already fails
 * with EADDRINUSE, as it would have on the asked port itself, instead of being
 * given the next free port.
 */
#include "translate/bind_pool.h"

#include <errno.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/port_pool.h"
#include "translate/shared_registry.h"
#include "translate/sockets.h"

/* Whether one of the entries for the asked port, at `actual`, is of this socket. */
static bool is_of_asked(const struct bind_call *c, const struct registry *registry,
                        const struct endpoint *actual, const struct sock_diag_socket *socket)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;

    while (registry_next_asked(registry, shared_registry_netns(c->fd), c->asked.port, &walk, &e)) {
        bool is_sure = registry_knows_sockets(&e, actual->proto);
        if (e.actual.port == actual->port &&
            (registry_knows_socket(&e, socket->inode) || (!is_sure && socket->uid == e.uid)))
            return true;
    }
    return false;
}

/* Whether sockets on both addresses of one port can be in each other's way. */
static bool are_in_way(const struct bind_call *c, const struct sock_diag_socket *socket)
{
    bool is_of_other_family = socket->addr.family != c->actual.addr.family;
    return addr_overlap(&socket->addr, &c->actual.addr) && !(is_of_other_family && c->v6only);
}

/*
 * Whether the actual port, which was refused, is in use for the asked one: then the
 * asked one is in use. Otherwise it is a stranger's, and there are others. Where the
 * kernel lists nobody, before Linux 6.8, somebody is there who does not listen yet:
 * who got the port when it was asked for last.
 */
static bool is_in_use_for_asked(const struct bind_call *c, const struct registry *registry)
{
    enum { MAX = 64 };
    struct sock_diag_socket list[MAX];
    struct endpoint actual = c->actual;
    bool is_seen = false;

    for (int family = 0; family < 2; family++) {
        actual.addr = (struct addr){.family = family == 0 ? AF_INET : AF_INET6};
        int count = sockets_list(&actual, list, MAX);
        for (int i = 0; i < count && i < MAX; i++) {
            if (!are_in_way(c, &list[i]))
                continue;
            if (is_of_asked(c, registry, &actual, &list[i]))
                return true;
            is_seen = true;
        }
    }
    return !is_seen;
}

/*
 * Tries the port that the asked one got before. False where there is none, or it is no
 * longer to be had.
 */
static bool bind_sticky(struct bind_call *c, const struct decision *d, int *result)
{
    const struct registry *registry = shared_registry_get();
    struct registry_entry wanted = bind_call_entry(c), known;
    bool in_way;

    if (registry == NULL || !registry_by_asked(registry, &wanted, &known, &in_way))
        return false;
    if (d->action == ACTION_MAP && (known.actual.port < d->first || known.actual.port > d->last))
        return false;
    *result = bind_call_bind(c, known.actual.port);
    if (*result == 0 || errno != EADDRINUSE)
        return true;
    bool bound_already = in_way && is_in_use_for_asked(c, registry);
    errno = EADDRINUSE;
    return bound_already;
}

/* Whether somebody of this user has the port, and has not noted yet what for. */
static bool is_held_for_unknown(const struct bind_call *c, uint16_t port)
{
    enum { MAX = 16 };
    const struct registry *registry = shared_registry_get();
    struct sock_diag_socket list[MAX];
    struct endpoint actual = {c->asked.proto, c->asked.addr, port};
    struct registry_entry e;
    bool is_noted =
        registry == NULL || registry_in_way(registry, shared_registry_netns(c->fd), &actual, &e);
    int count = is_noted ? 0 : sockets_list(&actual, list, MAX);

    for (int i = 0; i < count && i < MAX; i++) {
        if (list[i].uid == (uint32_t)sys_geteuid())
            return true;
    }
    return false;
}

/*
 * Another of our tree may have been a moment earlier with the same asked port, and be
 * about to note it. False where it is not so: then the port is taken for something else.
 */
static bool bind_after_another(struct bind_call *c, const struct decision *d, uint16_t port,
                               int *result)
{
    enum {
        YIELDS = 50,
        SLEEPS = 10
    }; /* it may have lost its CPU in between, for some milliseconds */

    for (int i = 0; i < YIELDS + SLEEPS; i++) {
        if (bind_sticky(c, d, result))
            return true;
        if (!is_held_for_unknown(c, port))
            break;
        if (i < YIELDS)
            sys_yield();
        else if (engine_kind == ENGINE_PRELOAD) /* and nobody else waits */
            sys_sleep(1);
    }
    errno = EADDRINUSE;
    return bind_sticky(c, d, result);
}

COLD int bind_pool_bind(struct bind_call *c, const struct decision *d)
{
    struct port_pool ports =
        d->action == ACTION_AUTO
            ? port_pool_auto(&c->settings->config.table, c->asked.port, shared_registry_seed())
            : port_pool_range(d->first, d->last);
    int result;

    bind_call_learn_proto(c);
    c->inode = socket_inode(c->fd);
    c->v6only = socket_is_v6only(c->fd);
    if (bind_sticky(c, d, &result))
        return result;
    errno = EADDRINUSE;
    result = -1;
    for (uint16_t port = port_pool_next(&ports); port != 0; port = port_pool_next(&ports)) {
        result = bind_call_bind(c, port);
        if (result == 0 || errno != EADDRINUSE)
            break;
        if (bind_after_another(c, d, port, &result))
            break;
    }
    return result;
}

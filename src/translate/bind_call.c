/*
 * A rule may leave a choice of ports: a range, or auto. The asked port then keeps the
 * actual port that it got first:
 *
 * - On another address or protocol it gets the same actual port if that is free.
 * - A second bind of the same endpoint fails with EADDRINUSE, as it would have on the asked
 *   port itself. It does not get the next free port.
 *
 * If the actual port is in use, the sockets that have it (sock_diag) are compared with the
 * records of the asked port. Only if one of them is recorded is the asked port in use.
 */
#include "translate/bind_call.h"

#include "core/hot.h"
#include "linux/sock_diag.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/port_pool.h"

/* Returns true if a record of the asked port is about this socket at the actual port. */
static bool is_recorded(const struct bind_call *c, const struct registry *registry,
                        const struct sock_diag_socket *socket)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;
    uint64_t netns = shared_registry_netns(c->fd);

    while (registry_next_asked(registry, netns, c->asked.port, &walk, &e)) {
        bool is_sure = registry_knows_sockets(&e);
        if (e.actual.port == c->actual.port &&
            (registry_knows_socket(&e, socket->inode) || (!is_sure && socket->uid == e.uid)))
            return true;
    }
    return false;
}

/* Returns true if the socket conflicts with a bind to the actual address. */
static bool conflicts(const struct bind_call *c, const struct sock_diag_socket *socket)
{
    const struct addr *addr = &socket->local.addr;
    bool is_of_other_family = addr->family != c->actual.addr.family;
    return addr_overlap(addr, &c->actual.addr) &&
           !(is_of_other_family && (c->v6only || socket->v6only));
}

/*
 * Returns true if the actual port, which was refused, is in use for the asked one, and not
 * for something else. Before Linux 6.8 the kernel does not list TCP sockets that do not
 * listen: if it lists none, the port's last user is taken to have it still.
 */
static bool is_in_use_for_asked(const struct bind_call *c, const struct registry *registry)
{
    const struct endpoint wanted = {.proto = c->actual.proto, .port = c->actual.port};
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    bool is_seen = false, is_asked = false;

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, shared_registry_netns(c->fd), &wanted);
    while (!is_asked && sock_diag_next(&dump, &socket)) {
        bool in_way = conflicts(c, &socket);
        is_seen = is_seen || in_way;
        is_asked = in_way && is_recorded(c, registry, &socket);
    }
    sock_diag_end(&dump);
    return is_asked || !is_seen;
}

/* The record whose port an asked port must get. */
struct known {
    struct registry_entry entry;
    bool in_way;  /* it conflicts with the socket */
    bool is_open; /* its socket is; else the record has been removed */
};

/* registry_by_asked(), but removes records of closed sockets. Returns false if there was no record. */
static bool find_known(struct registry *r, const struct registry_entry *wanted, struct known *known)
{
    if (!registry_by_asked(r, wanted, &known->entry, &known->in_way))
        return false;
    uint32_t order = known->entry.order;
    registry_settle(r, wanted->netns, known->entry.actual.port);
    known->is_open = registry_by_asked(r, wanted, &known->entry, &known->in_way);
    if (known->is_open && known->entry.order == order)
        return true;
    registry_settle(r, wanted->netns, 0);
    known->is_open = registry_by_asked(r, wanted, &known->entry, &known->in_way);
    known->in_way = known->in_way && known->is_open;
    return true;
}

/*
 * Tries the port that the asked one has or, in a range, had last. Returns false if there is none,
 * or if something else uses it.
 */
static bool try_known_port(struct bind_call *c, int *result)
{
    struct registry *registry = shared_registry_get();
    const struct decision *d = &c->decision;
    struct registry_entry wanted = bind_call_entry(c);
    struct known known;

    if (registry == NULL || !find_known(registry, &wanted, &known))
        return false;
    uint16_t port = known.entry.actual.port;
    if (d->action == ACTION_AUTO ? !known.is_open : port < d->first || port > d->last)
        return false;
    *result = bind_call_try(c, port);
    if (*result == 0 || errno != EADDRINUSE)
        return true;
    bool is_in_use = known.in_way && is_in_use_for_asked(c, registry);
    errno = EADDRINUSE;
    return is_in_use;
}

/* Returns true if a process of this user has the port and has not recorded it yet. */
static bool is_unrecorded(const struct bind_call *c, uint16_t port)
{
    const struct registry *registry = shared_registry_get();
    const struct endpoint actual = {c->asked.proto, c->asked.addr, port};
    uint64_t netns = shared_registry_netns(c->fd);
    struct registry_entry e;
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    bool is_ours = false;

    if (registry == NULL || registry_in_way(registry, netns, &actual, &e))
        return false;
    sock_diag_begin(&dump, SOCK_DIAG_BOUND, netns, &actual);
    while (!is_ours && sock_diag_next(&dump, &socket))
        is_ours = socket.uid == (uint32_t)sys_geteuid();
    sock_diag_end(&dump);
    return is_ours;
}

/*
 * `port` is in use: perhaps another process of the tree has just bound it for the same asked
 * port, and is about to record it. Waits for that. Returns false if the port is in use for
 * something else.
 */
static bool try_after_other(struct bind_call *c, uint16_t port, int *result)
{
    enum { YIELDS = 50, SLEEPS = 10 }; /* the other may have lost its CPU for milliseconds */

    for (int i = 0; i < YIELDS + SLEEPS; i++) {
        if (try_known_port(c, result))
            return true;
        if (!is_unrecorded(c, port))
            break;
        if (i < YIELDS)
            sys_yield();
        else if (engine_kind == ENGINE_PRELOAD) /* a supervisor must not keep others waiting */
            sys_sleep(1);
    }
    errno = EADDRINUSE;
    return try_known_port(c, result);
}

COLD int bind_call_choose(struct bind_call *c)
{
    const struct decision *d = &c->decision;
    struct port_pool pool =
        d->action == ACTION_AUTO
            ? port_pool_auto(&c->settings->config.table, c->asked.port, shared_registry_seed(),
                             shared_registry_ephemeral())
            : port_pool_range(d->first, d->last);
    int result;

    c->inode = socket_inode(c->fd);
    c->v6only = socket_is_v6only(c->fd);
    if (try_known_port(c, &result))
        return result;
    errno = EADDRINUSE;
    result = -1;
    for (uint16_t port = port_pool_next(&pool); port != 0; port = port_pool_next(&pool)) {
        result = bind_call_try(c, port);
        if (result == 0 || errno != EADDRINUSE || try_after_other(c, port, &result))
            break;
    }
    return result;
}

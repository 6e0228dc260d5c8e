/*
 * A bind goes through as few questions as it can, since each system call makes it
 * dearer by a third. Most are of addresses without ports, or of ports that no rule
 * names, and are passed on at once. Of the others, the kernel is asked for the
 * protocol only if something depends on it: a rule, an earlier socket with the same
 * actual port, a line to be written. An entry whose protocol is not known is good for
 * all, as long as nobody has that port for something else.
 *
 * Where a rule leaves a choice of ports (a range, auto), the asked port keeps the
 * actual port that it got first: on other addresses and protocols it gets the
 * same one where that is free, and a second bind of what is bound already fails
 * with EADDRINUSE, as it would have on the asked port itself, instead of being
 * given the next free port.
 */
#include "preload/outgoing.h"

#include <errno.h>
#include <string.h>

#include "core/hot.h"
#include "preload/alive.h"
#include "preload/caller.h"
#include "preload/log.h"
#include "preload/next.h"
#include "preload/ports.h"
#include "preload/self.h"
#include "preload/setup.h"
#include "preload/socket.h"
#include "preload/state.h"
#include "preload/story.h"
#include "registry/sys.h"

/* One bind under way. `actual` is what was tried last. */
struct call {
    int fd;
    const struct sockaddr *addr;
    socklen_t len;
    struct setup *setup;
    struct endpoint asked;
    struct endpoint actual;
    struct addr host; /* to bind instead of the asked one, or AF_UNSPEC */
    bool is_trial;    /* one of many ports: that it is in use is nothing to tell */
    /* Known where a choice of ports makes them matter: */
    uint32_t inode;
    bool v6only;
};

COLD static void learn_proto(struct call *c)
{
    if (c->asked.proto == PROTO_ANY)
        c->asked.proto = c->actual.proto = socket_proto(c->fd);
}

/* ---- what the registry is told ---- */

HOT static struct registry_entry entry_of(const struct call *c)
{
    return (struct registry_entry){
        .asked = c->asked,
        .actual = c->actual,
        .netns = state_netns(c->fd),
        .inode = {c->inode},
        .v6only = c->v6only,
    };
}

HOT static void remember(struct call *c)
{
    struct registry *registry = state_registry(c->setup);
    struct registry_entry e = entry_of(c);
    const char *problem = state_take_problem();

    if (state_is_local_port(c->actual.port)) {
        learn_proto(c);
        e.asked.proto = e.actual.proto = c->asked.proto;
        e.inode[0] = socket_inode(c->fd);
    }
    if (problem != NULL)
        story_no_state(c->setup, problem);
    e.pid = (uint32_t)self_pid();
    self_program(e.program);
    enum registry_put put = registry != NULL ? registry_put(registry, &e) : REGISTRY_FULL;
    if (put == REGISTRY_PUT_NEEDS_PROTO) {
        learn_proto(c);
        if (c->asked.proto == PROTO_PORTLESS)
            return;
        e.asked.proto = e.actual.proto = c->asked.proto;
        put = registry_put(registry, &e);
    }
    if (put != REGISTRY_PUT)
        story_not_remembered(c->setup, &c->asked);
}

/* A program that has bound a port itself is told that port, whatever was there before. */
COLD static void remember_passed(struct call *c)
{
    struct registry *registry = state_registry(c->setup);
    uint64_t netns = state_netns(c->fd);

    if (registry == NULL || c->asked.port == 0) /* which is for witness.c to know */
        return;
    registry_note_own(registry, netns, c->asked.port);
    if (!registry_has_port(registry, netns, c->asked.port))
        return;
    c->asked.proto = socket_proto(c->fd);
    c->actual = c->asked;
    if (c->asked.proto != PROTO_PORTLESS)
        remember(c);
}

/* Tells of a program that wants the high port itself, to which one of its others was moved. */
COLD static void tell_taken(struct call *c)
{
    const struct registry *registry = state_registry(c->setup);
    uint64_t netns = state_netns(c->fd);
    struct registry_entry e;

    if (registry == NULL || !registry_has_port(registry, netns, c->asked.port))
        return;
    c->asked.proto = socket_proto(c->fd);
    if (registry_in_way(registry, netns, &c->asked, &e) && e.asked.port != c->asked.port)
        story_taken(c->setup, &c->asked, &e);
}

/* The end of a bind that was passed on, whatever the kernel said to it. Keeps errno. */
COLD static int settle_passed(struct call *c, int result)
{
    int saved = errno;

    if (result == 0)
        remember_passed(c);
    else if (errno == EADDRINUSE)
        tell_taken(c);
    errno = saved;
    return result;
}

COLD static int pass(struct call *c)
{
    story_passed(c->setup, &c->asked);
    return settle_passed(c, next.bind(c->fd, c->addr, c->len));
}

/* Whether nothing is to be remembered of a bind that was passed on and has succeeded. */
HOT static bool is_forgettable(int fd, const struct setup *setup, uint16_t port)
{
    struct registry *registry = state_registry(setup);
    return registry != NULL && !registry_note_own(registry, state_netns(fd), port);
}

/* The same where the address was not read yet. */
COLD static int finish_passed(struct setup *setup, int fd, const struct sockaddr *addr,
                              socklen_t len, int result)
{
    struct call c = {.fd = fd, .addr = addr, .len = len, .setup = setup};

    return endpoint_from_sockaddr(&c.asked, addr, len) ? settle_passed(&c, result) : result;
}

/* ---- the actual bind ---- */

/* Binds to `port`. The caller's address is copied, never written to. Fails as bind(2) does. */
HOT static int bind_port(struct call *c, uint16_t port)
{
    struct sockaddr_storage copy;

    if (c->len == sizeof(struct sockaddr_in))
        memcpy(&copy, c->addr, sizeof(struct sockaddr_in));
    else
        memcpy(&copy, c->addr, c->len);
    c->actual = c->asked;
    c->actual.port = port;
    if (c->host.family != AF_UNSPEC)
        c->actual.addr = c->host;
    if (!endpoint_to_sockaddr(&c->host, port, (struct sockaddr *)&copy)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (c->asked.addr.family == AF_INET6)
        c->actual.addr = addr_mapped(&c->actual.addr);
    return next.bind(c->fd, (struct sockaddr *)&copy, c->len);
}

/* Whether one of the entries for the asked port, at `actual`, is of this socket. */
static bool is_of_asked(const struct call *c, const struct registry *registry,
                        const struct endpoint *actual, const struct alive *socket)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;

    while (registry_next_asked(registry, state_netns(c->fd), c->asked.port, &walk, &e)) {
        bool is_sure = registry_knows_sockets(&e, actual->proto);
        if (e.actual.port == actual->port &&
            (registry_knows_socket(&e, socket->inode) || (!is_sure && socket->uid == e.uid)))
            return true;
    }
    return false;
}

/* Whether sockets on both addresses of one port can be in each other's way. */
static bool are_in_way(const struct call *c, const struct alive *socket)
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
static bool is_in_use_for_asked(const struct call *c, const struct registry *registry)
{
    enum { MAX = 64 };
    struct alive list[MAX];
    struct endpoint actual = c->actual;
    bool is_seen = false;

    for (int family = 0; family < 2; family++) {
        actual.addr = (struct addr){.family = family == 0 ? AF_INET : AF_INET6};
        int count = alive_list(&actual, list, MAX);
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
static bool bind_sticky(struct call *c, const struct decision *d, int *result)
{
    const struct registry *registry = state_registry(c->setup);
    struct registry_entry wanted = entry_of(c), known;
    bool in_way;

    if (registry == NULL || !registry_by_asked(registry, &wanted, &known, &in_way))
        return false;
    if (d->action == ACTION_MAP && (known.actual.port < d->first || known.actual.port > d->last))
        return false;
    *result = bind_port(c, known.actual.port);
    if (*result == 0 || errno != EADDRINUSE)
        return true;
    bool bound_already = in_way && is_in_use_for_asked(c, registry);
    errno = EADDRINUSE;
    return bound_already;
}

/* Whether somebody of this user has the port, and has not noted yet what for. */
static bool is_held_for_unknown(const struct call *c, uint16_t port)
{
    enum { MAX = 16 };
    const struct registry *registry = state_registry(c->setup);
    struct alive list[MAX];
    struct endpoint actual = {c->asked.proto, c->asked.addr, port};
    struct registry_entry e;
    bool is_noted = registry == NULL || registry_in_way(registry, state_netns(c->fd), &actual, &e);
    int count = is_noted ? 0 : alive_list(&actual, list, MAX);

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
static bool bind_after_another(struct call *c, const struct decision *d, uint16_t port, int *result)
{
    enum { PATIENCE = 50 };

    for (int i = 0; i < PATIENCE; i++) {
        if (bind_sticky(c, d, result))
            return true;
        if (!is_held_for_unknown(c, port))
            break;
        sys_yield();
    }
    errno = EADDRINUSE;
    return bind_sticky(c, d, result);
}

COLD static int bind_chosen(struct call *c, const struct decision *d)
{
    struct ports ports = d->action == ACTION_AUTO
                             ? ports_auto(&c->setup->config.table, c->asked.port,
                                          state_seed(state_registry(c->setup)))
                             : ports_range(d->first, d->last);
    int result;

    learn_proto(c);
    c->inode = socket_inode(c->fd);
    c->v6only = socket_is_v6only(c->fd);
    if (bind_sticky(c, d, &result))
        return result;
    errno = EADDRINUSE;
    result = -1;
    for (uint16_t port = ports_next(&ports); port != 0; port = ports_next(&ports)) {
        result = bind_port(c, port);
        if (result == 0 || errno != EADDRINUSE)
            break;
        if (bind_after_another(c, d, port, &result))
            break;
    }
    return result;
}

COLD static int fail(struct call *c)
{
    const struct registry *registry = state_registry(c->setup);
    struct registry_entry other;
    int failure = errno;

    if (c->is_trial && failure == EADDRINUSE)
        return -1;
    learn_proto(c);
    bool known =
        registry != NULL && registry_in_way(registry, state_netns(c->fd), &c->actual, &other);
    story_failed(c->setup, &c->asked, &c->actual, failure, known ? &other : NULL);
    errno = failure;
    return -1;
}

HOT static int bind_mapped(struct call *c, const struct decision *d)
{
    bool has_choice = d->action == ACTION_AUTO || d->first != d->last;

    c->host = d->host;
    if ((has_choice ? bind_chosen(c, d) : bind_port(c, d->first)) != 0)
        return fail(c);
    remember(c);
    if (log_wants(&c->setup->config, LEVEL_INFO))
        story_mapped(c->setup, &c->asked, &c->actual);
    return 0;
}

COLD static int bind_when_denied(struct call *c, const struct decision *d)
{
    int result = pass(c);
    return result != 0 && errno == EACCES ? bind_mapped(c, d) : result;
}

/* ---- deciding ---- */

/* Whether something depends on the protocol. */
HOT static bool needs_proto(const struct call *c)
{
    const struct config *config = &c->setup->config;
    return socket_any_is_portless() || config->level >= LEVEL_INFO ||
           table_needs_proto(&config->table, c->asked.port);
}

HOT static int bind_by_table(struct call *c)
{
    const struct config *config = &c->setup->config;

    if (!table_names_port(&config->table, c->asked.port))
        return pass(c);
    if (needs_proto(c))
        learn_proto(c);
    if (c->asked.proto == PROTO_PORTLESS)
        return next.bind(c->fd, c->addr, c->len);

    struct decision d = table_decide(&config->table, &c->asked);
    switch (d.action) {
    case ACTION_PASS:
        return pass(c);
    case ACTION_DENY:
        if (socket_proto(c->fd) == PROTO_PORTLESS) /* or no socket at all */
            return next.bind(c->fd, c->addr, c->len);
        story_denied(c->setup, &c->asked);
        errno = EACCES;
        return -1;
    default:
        return config->when == WHEN_DENIED ? bind_when_denied(c, &d) : bind_mapped(c, &d);
    }
}

COLD static int bind_without_setup(struct setup *setup)
{
    story_bad_setup(setup);
    errno = EINVAL;
    return -1;
}

HOT static int bind_by_questions(struct setup *setup, int fd, const struct sockaddr *addr,
                                 socklen_t len, bool is_trial)
{
    struct call c = {.fd = fd, .addr = addr, .len = len, .setup = setup, .is_trial = is_trial};
    int saved = errno;

    if (len > sizeof(struct sockaddr_storage) || !endpoint_from_sockaddr(&c.asked, addr, len))
        return next.bind(fd, addr, len);
    if (setup == NULL || !setup->valid)
        return bind_without_setup(setup);
    if (log_wants(&setup->config, LEVEL_DEBUG))
        story_setup(setup);
    int result = bind_by_table(&c);
    if (result == 0)
        errno = saved;
    return result;
}

HOT int outgoing_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (!caller_can_read(addr, len))
        return next.bind(fd, addr, len);
    struct setup *setup = setup_get();
    uint16_t port = endpoint_port(addr, len);
    bool is_plain = port != 0 && setup != NULL && setup->valid &&
                    setup->config.level < LEVEL_DEBUG &&
                    !table_names_port(&setup->config.table, port);
    if (!is_plain)
        return bind_by_questions(setup, fd, addr, len, false);

    int result = next.bind(fd, addr, len);
    return result == 0 && is_forgettable(fd, setup, port)
               ? result
               : finish_passed(setup, fd, addr, len, result);
}

int outgoing_try(int fd, const struct sockaddr *addr, socklen_t len)
{
    return bind_by_questions(setup_get(), fd, addr, len, true);
}

/*
 * A bind goes through as few questions as it can. Most are of addresses without
 * ports, or of ports that no rule names, and are passed on at once. Only for the
 * others is the kernel asked what kind of socket it is.
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
#include <sys/prctl.h>
#include <time.h>

#include "preload/caller.h"
#include "preload/holder.h"
#include "preload/next.h"
#include "preload/ports.h"
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
    /* Known where a choice of ports makes them matter: */
    uint64_t inode;
    bool v6only;
};

/* ---- what the registry is told ---- */

static struct registry_entry entry_of(const struct call *c)
{
    return (struct registry_entry){
        .asked = c->asked,
        .actual = c->actual,
        .netns = state_netns(c->fd),
        .pid = (uint32_t)sys_getpid(),
        .inode = c->inode,
        .v6only = c->v6only,
    };
}

static void remember(const struct call *c)
{
    struct registry *registry = state_registry(c->setup);
    struct registry_entry e = entry_of(c);
    const char *problem = state_take_problem();
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    e.since = (uint64_t)now.tv_sec;
    prctl(PR_GET_NAME, e.program);
    if (problem != NULL)
        story_no_state(c->setup, problem);
    if (registry == NULL || !registry_put(registry, &e))
        story_not_remembered(c->setup, &c->asked);
}

/* Finds out which port the kernel gave to a bind of port 0, if it may be one known before. */
static bool learn_port(struct call *c, const struct registry *registry)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);

    return registry_has_local_port(registry) &&
           sys_getsockname(c->fd, (struct sockaddr *)&name, &size) == 0 &&
           endpoint_from_sockaddr(&c->asked, (struct sockaddr *)&name, size);
}

/* A program that has bound a port itself is told that port, whatever was there before. */
static void remember_passed(struct call *c)
{
    const struct registry *registry = state_registry(c->setup);

    if (registry == NULL || (c->asked.port == 0 && !learn_port(c, registry)) ||
        !registry_has_port(registry, state_netns(c->fd), c->asked.port))
        return;
    c->asked.proto = socket_proto(c->fd);
    c->actual = c->asked;
    if (c->asked.proto != PROTO_PORTLESS)
        remember(c);
}

/* Tells of a program that wants the high port itself, to which one of its others was moved. */
static void tell_taken(struct call *c)
{
    const struct registry *registry = state_registry(c->setup);
    uint64_t netns = state_netns(c->fd);
    struct registry_entry e;
    int failure = errno;

    if (registry != NULL && registry_has_port(registry, netns, c->asked.port)) {
        c->asked.proto = socket_proto(c->fd);
        if (registry_in_way(registry, netns, &c->asked, &e) && e.asked.port != c->asked.port)
            story_taken(c->setup, &c->asked, &e);
    }
    errno = failure;
}

static int pass(struct call *c)
{
    story_passed(c->setup, &c->asked);
    int result = next_bind(c->fd, c->addr, c->len);
    if (result == 0)
        remember_passed(c);
    else if (errno == EADDRINUSE)
        tell_taken(c);
    return result;
}

/* ---- the actual bind ---- */

/* Binds to `port`. The caller's address is copied, never written to. Fails as bind(2) does. */
static int bind_port(struct call *c, uint16_t port)
{
    struct sockaddr_storage copy;

    memcpy(&copy, c->addr, c->len);
    c->actual = (struct endpoint){c->asked.proto, c->host, port};
    if (!endpoint_to_sockaddr(&c->host, port, (struct sockaddr *)&copy)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    endpoint_from_sockaddr(&c->actual, (struct sockaddr *)&copy, c->len);
    c->actual.proto = c->asked.proto;
    return next_bind(c->fd, (struct sockaddr *)&copy, c->len);
}

/*
 * Whether the socket of `known`, which had its port when it was put in, has it
 * still. Where the kernel lists nobody at that port it may well: a TCP socket is
 * listed only once it listens.
 */
static bool still_has_port(const struct registry_entry *known)
{
    struct holder h;
    return !holder_find_socket(&known->actual, known->inode, &h) || h.inode == known->inode;
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
    bool bound_already = in_way && still_has_port(&known);
    errno = EADDRINUSE;
    return bound_already;
}

static int bind_chosen(struct call *c, const struct decision *d)
{
    struct ports ports = d->action == ACTION_AUTO
                             ? ports_auto(&c->setup->config.table, c->asked.port,
                                          state_seed(state_registry(c->setup)))
                             : ports_range(d->first, d->last);
    int result;

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
        /* One of our tree may have been a moment earlier with the same asked port. */
        if (bind_sticky(c, d, &result))
            break;
    }
    return result;
}

static int fail(const struct call *c)
{
    const struct registry *registry = state_registry(c->setup);
    struct registry_entry other;
    int failure = errno;

    bool known =
        registry != NULL && registry_in_way(registry, state_netns(c->fd), &c->actual, &other);
    story_failed(c->setup, &c->asked, &c->actual, failure, known ? &other : NULL);
    errno = failure;
    return -1;
}

static int bind_mapped(struct call *c, const struct decision *d)
{
    bool has_choice = d->action == ACTION_AUTO || d->first != d->last;

    c->host = d->host;
    if ((has_choice ? bind_chosen(c, d) : bind_port(c, d->first)) != 0)
        return fail(c);
    remember(c);
    story_mapped(c->setup, &c->asked, &c->actual);
    return 0;
}

static int bind_when_denied(struct call *c, const struct decision *d)
{
    int result = pass(c);
    return result != 0 && errno == EACCES ? bind_mapped(c, d) : result;
}

/* ---- deciding ---- */

static int bind_by_table(struct call *c)
{
    const struct config *config = &c->setup->config;

    if (!table_names_port(&config->table, c->asked.port))
        return pass(c);
    c->asked.proto = socket_proto(c->fd);
    if (c->asked.proto == PROTO_PORTLESS)
        return next_bind(c->fd, c->addr, c->len);

    struct decision d = table_decide(&config->table, &c->asked);
    switch (d.action) {
    case ACTION_PASS:
        return pass(c);
    case ACTION_DENY:
        story_denied(c->setup, &c->asked);
        errno = EACCES;
        return -1;
    default:
        return config->when == WHEN_DENIED ? bind_when_denied(c, &d) : bind_mapped(c, &d);
    }
}

int outgoing_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    struct call c = {.fd = fd, .addr = addr, .len = len};
    int saved = errno;

    if (!caller_may_mean(addr) || !endpoint_from_sockaddr(&c.asked, addr, len))
        return next_bind(fd, addr, len);
    c.setup = setup_get();
    if (c.setup == NULL || !c.setup->valid) {
        story_bad_setup(c.setup);
        errno = EINVAL;
        return -1;
    }
    story_setup(c.setup);
    int result = bind_by_table(&c);
    if (result == 0)
        errno = saved;
    return result;
}

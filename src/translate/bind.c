/*
 * A bind goes through as few questions as it can, since each system call makes it
 * dearer by a third. Most are of addresses without ports, or of ports that no rule
 * names, and are passed on at once. Of the others, the kernel is asked for the
 * protocol only if something depends on it: a rule, an earlier socket with the same
 * actual port, a line to be written. An entry whose protocol is not known is good for
 * all, as long as nobody has that port for something else.
 */
#include "translate/bind.h"

#include <errno.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/user_memory.h"
#include "translate/bind_call.h"
#include "translate/bind_pool.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/report.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

/* ---- what the registry is told ---- */

/*
 * The number of the socket is for later, when it listens (preload/listen.c), but where
 * the port may be of somebody else, or nobody sees it listen.
 */
HOT static void remember(struct bind_call *c)
{
    struct registry *registry = shared_registry_get();
    struct registry_entry e = bind_call_entry(c);
    const char *problem = shared_registry_take_problem();

    if (shared_registry_is_ephemeral(c->actual.port) || engine_kind == ENGINE_NOTIFY) {
        bind_call_learn_proto(c);
        e.asked.proto = e.actual.proto = c->asked.proto;
        e.inode[0] = socket_inode(c->fd);
    }
    if (problem != NULL)
        report_no_state(c->settings, problem);
    e.pid = (uint32_t)engine_pid();
    engine_program(e.program);
    enum registry_put put = registry != NULL ? registry_put(registry, &e) : REGISTRY_FULL;
    if (put == REGISTRY_PUT_NEEDS_PROTO) {
        bind_call_learn_proto(c);
        if (c->asked.proto == PROTO_PORTLESS)
            return;
        e.asked.proto = e.actual.proto = c->asked.proto;
        put = registry_put(registry, &e);
    }
    if (put != REGISTRY_PUT)
        report_not_remembered(c->settings, &c->asked);
}

/* A program that has bound a port itself is told that port, whatever was there before. */
COLD static void remember_passed(struct bind_call *c)
{
    struct registry *registry = shared_registry_get();
    uint64_t netns = shared_registry_netns(c->fd);

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
COLD static void tell_taken(struct bind_call *c)
{
    const struct registry *registry = shared_registry_get();
    uint64_t netns = shared_registry_netns(c->fd);
    struct registry_entry e;

    if (registry == NULL || !registry_has_port(registry, netns, c->asked.port))
        return;
    c->asked.proto = socket_proto(c->fd);
    if (registry_in_way(registry, netns, &c->asked, &e) && e.asked.port != c->asked.port)
        report_taken(c->settings, &c->asked, &e);
}

/* The end of a bind that was passed on, whatever the kernel said to it. Keeps errno. */
COLD static int settle_passed(struct bind_call *c, int result)
{
    int saved = errno;

    if (result == 0)
        remember_passed(c);
    else if (errno == EADDRINUSE)
        tell_taken(c);
    errno = saved;
    return result;
}

COLD static int pass(struct bind_call *c)
{
    report_passed(c->settings, &c->asked);
    return settle_passed(c, next.bind(c->fd, c->addr, c->len));
}

/* Whether nothing is to be remembered of a bind that was passed on and has succeeded. */
HOT static bool is_forgettable(int fd, uint16_t port)
{
    struct registry *registry = shared_registry_get();
    return registry != NULL && !registry_note_own(registry, shared_registry_netns(fd), port);
}

/* The same where the address was not read yet. */
COLD static int finish_passed(struct settings *settings, int fd, const struct sockaddr *addr,
                              socklen_t len, int result)
{
    struct bind_call c = {.fd = fd, .addr = addr, .len = len, .settings = settings};

    return endpoint_from_sockaddr(&c.asked, addr, len) ? settle_passed(&c, result) : result;
}

/* ---- the actual bind ---- */

COLD static int fail(struct bind_call *c)
{
    const struct registry *registry = shared_registry_get();
    struct registry_entry other;
    int failure = errno;

    if (c->is_trial && failure == EADDRINUSE)
        return -1;
    bind_call_learn_proto(c);
    bool known = registry != NULL &&
                 registry_in_way(registry, shared_registry_netns(c->fd), &c->actual, &other);
    report_failed(c->settings, &c->asked, &c->actual, failure, known ? &other : NULL);
    errno = failure;
    return -1;
}

HOT static int bind_mapped(struct bind_call *c, const struct decision *d)
{
    bool has_choice = d->action == ACTION_AUTO || d->first != d->last;

    c->host = d->host;
    if ((has_choice ? bind_pool_bind(c, d) : bind_call_bind(c, d->first)) != 0)
        return fail(c);
    remember(c);
    if (report_wants(&c->settings->config, LEVEL_INFO))
        report_mapped(c->settings, &c->asked, &c->actual);
    return 0;
}

COLD static int bind_when_denied(struct bind_call *c, const struct decision *d)
{
    int result = pass(c);
    return result != 0 && errno == EACCES ? bind_mapped(c, d) : result;
}

/* ---- deciding ---- */

/* Whether something depends on the protocol. */
HOT static bool needs_proto(const struct bind_call *c)
{
    const struct config *config = &c->settings->config;
    return socket_any_is_portless() || config->level >= LEVEL_INFO ||
           table_needs_proto(&config->table, c->asked.port);
}

HOT static int bind_by_table(struct bind_call *c)
{
    const struct config *config = &c->settings->config;

    if (!table_names_port(&config->table, c->asked.port))
        return pass(c);
    if (needs_proto(c))
        bind_call_learn_proto(c);
    if (c->asked.proto == PROTO_PORTLESS)
        return next.bind(c->fd, c->addr, c->len);

    struct decision d = table_decide(&config->table, &c->asked);
    switch (d.action) {
    case ACTION_PASS:
        return pass(c);
    case ACTION_DENY:
        if (socket_proto(c->fd) == PROTO_PORTLESS) /* or no socket at all */
            return next.bind(c->fd, c->addr, c->len);
        report_denied(c->settings, &c->asked);
        errno = EACCES;
        return -1;
    default:
        return config->when == WHEN_DENIED ? bind_when_denied(c, &d) : bind_mapped(c, &d);
    }
}

COLD static int bind_without_settings(struct settings *settings)
{
    report_invalid_settings(settings);
    errno = EINVAL;
    return -1;
}

HOT static int bind_by_questions(struct settings *settings, int fd, const struct sockaddr *addr,
                                 socklen_t len, bool is_trial)
{
    struct bind_call c = {
        .fd = fd, .addr = addr, .len = len, .settings = settings, .is_trial = is_trial};
    int saved = errno;

    if (len > sizeof(struct sockaddr_storage) || !endpoint_from_sockaddr(&c.asked, addr, len))
        return next.bind(fd, addr, len);
    if (settings == NULL || !settings->valid)
        return bind_without_settings(settings);
    if (report_wants(&settings->config, LEVEL_DEBUG))
        report_settings(settings);
    int result = bind_by_table(&c);
    if (result == 0)
        errno = saved;
    return result;
}

HOT int bind_socket(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (!user_memory_readable(addr, len))
        return next.bind(fd, addr, len);
    struct settings *settings = settings_get();
    uint16_t port = endpoint_port(addr, len);
    bool is_plain = port != 0 && settings != NULL && settings->valid &&
                    settings->config.level < LEVEL_DEBUG &&
                    !table_names_port(&settings->config.table, port);
    if (!is_plain)
        return bind_by_questions(settings, fd, addr, len, false);

    int result = next.bind(fd, addr, len);
    return result == 0 && is_forgettable(fd, port) ? result
                                                   : finish_passed(settings, fd, addr, len, result);
}

int bind_try(int fd, const struct sockaddr *addr, socklen_t len)
{
    return bind_by_questions(settings_get(), fd, addr, len, true);
}

bool bind_is_inet(const struct sockaddr *addr, socklen_t len)
{
    struct endpoint e;
    return endpoint_from_sockaddr(&e, addr, len) && e.port != 0;
}

bool bind_is_unmapped(int fd, const struct sockaddr *addr, socklen_t len)
{
    const struct settings *settings = settings_get();
    struct endpoint e;

    return settings != NULL && settings->valid && settings->config.level < LEVEL_DEBUG &&
           endpoint_from_sockaddr(&e, addr, len) &&
           !table_names_port(&settings->config.table, e.port) && is_forgettable(fd, e.port);
}

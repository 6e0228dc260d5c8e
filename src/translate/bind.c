/*
 * decide() says what to do with a bind, and bind_by_table() does it. No rule names most ports:
 * they are passed on.
 *
 * A bind that is mapped is recorded in the registry, by its actual endpoint: that is where
 * getsockname looks. A bind that is passed on is counted, and recorded only if the registry
 * has a record of that port. So a program that binds 8080 itself is told 8080, whatever was
 * recorded before.
 */
#include "translate/bind.h"

#include <errno.h>
#include <netinet/in.h>

#include "core/errname.h"
#include "core/hot.h"
#include "linux/socket.h"
#include "linux/user_memory.h"
#include "translate/adopt.h"
#include "translate/bind_call.h"
#include "translate/drop.h"
#include "translate/report.h"

/* ---- deciding ---- */

enum verdict {
    LEAVE,         /* for the kernel: no address with a port, or a socket without ports */
    PASS,          /* bind what was asked for */
    MAP,           /* bind what the rule says */
    MAP_IF_DENIED, /* bind what was asked for; what the rule says if that is EACCES */
    DENY,          /* fail with the errno of the rule */
    DROP,          /* bind where no packet gets in */
    ADOPT,         /* a socket that the service manager passed */
    INVALID,       /* the settings are: EINVAL */
};

/* Decides what needs no system call. Returns MAP if the rules must be asked. */
HOT static inline enum verdict decide_by_port(struct bind_call *c)
{
    if (c->len > sizeof(struct sockaddr_storage) || !endpoint_read(&c->asked, c->addr, c->len))
        return LEAVE;
    if (c->settings == NULL || !c->settings->valid)
        return INVALID;
    return table_names_port(&c->settings->config.table, c->asked.port) ? MAP : PASS;
}

HOT static enum verdict decide(struct bind_call *c)
{
    enum verdict verdict = decide_by_port(c);

    if (verdict != MAP)
        return verdict;
    int saved = errno;
    c->asked.proto = socket_proto(c->fd);
    errno = saved;
    if (c->asked.proto == PROTO_PORTLESS)
        return LEAVE;
    c->decision = table_decide(&c->settings->config.table, &c->asked);
    switch (c->decision.action) {
    case ACTION_PASS:
        return PASS;
    case ACTION_DENY:
        return DENY;
    case ACTION_DROP:
        return DROP;
    case ACTION_SYSTEMD:
        return ADOPT;
    default:
        return c->settings->config.when == WHEN_DENIED ? MAP_IF_DENIED : MAP;
    }
}

/* ---- mapping ---- */

/*
 * The socket's number is recorded when it listens (preload/socket_calls.c). It is recorded here if
 * the record may become stale, or if no listen is seen. It may be known already: in the notify engine,
 * c->fd is not the socket that was put in its place.
 */
HOT static void record(struct bind_call *c)
{
    struct registry *registry = shared_registry_get();
    const char *problem = shared_registry_take_problem();

    if (c->inode == 0 && (c->asked.proto != PROTO_TCP || engine_kind == ENGINE_NOTIFY ||
                          shared_registry_may_be_ephemeral(c->actual.port)))
        c->inode = socket_inode(c->fd);
    struct registry_entry e = bind_call_entry(c);
    if (problem != NULL)
        report_private_registry(c->settings, problem);
    e.pid = (uint32_t)engine_pid();
    e.pid_namespace = engine_pid_namespace();
    engine_program(e.program);
    if (registry == NULL || registry_put(registry, &e) != REGISTRY_PUT)
        report_bind(c->settings, LEVEL_ERROR, &c->asked,
                    " is bound but could not be recorded: getsockname will return the actual port",
                    NULL);
}

COLD static int fail(struct bind_call *c)
{
    const struct registry *registry = shared_registry_get();
    struct registry_entry other;
    int failure = errno;

    if (c->is_trial && failure == EADDRINUSE)
        return -1;
    bool is_recorded = registry != NULL &&
                       registry_in_way(registry, shared_registry_netns(c->fd), &c->actual, &other);
    report_failed(c->settings, &c->asked, &c->actual, failure, is_recorded ? &other : NULL);
    errno = failure;
    return -1;
}

HOT static int map(struct bind_call *c)
{
    const struct decision *d = &c->decision;
    bool has_choice = d->action == ACTION_AUTO || d->first != d->last;
    int saved = errno;

    if ((has_choice ? bind_call_choose(c) : bind_call_try(c, d->first)) != 0)
        return fail(c);
    record(c);
    if (report_wants(&c->settings->config, LEVEL_INFO))
        report_bind(c->settings, LEVEL_INFO, &c->asked, " is on ", &c->actual);
    errno = saved;
    return 0;
}

/* ---- denying and dropping ---- */

COLD static int deny(const struct bind_call *c)
{
    uint16_t error = c->settings->config.table.rule[c->decision.rule].error;
    char buf[64];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    text_string(&text, " is denied by a rule of the table, with ");
    text_string(&text, errname_of(error));
    report_bind(c->settings, LEVEL_INFO, &c->asked, buf, NULL);
    errno = error;
    return -1;
}

COLD static int drop(struct bind_call *c)
{
    int saved = errno;

    if (drop_socket(c) != 0)
        return fail(c);
    record(c);
    report_bind(c->settings, LEVEL_INFO, &c->asked, " is dropped: no client can reach it", NULL);
    errno = saved;
    return 0;
}

/* ---- adopting ---- */

/* A program may bind two sockets to one passed socket, as at a restart: the kernel does not refuse. */
COLD static int adopt(struct bind_call *c)
{
    int saved = errno;

    if (adopt_socket(c) != 0)
        return -1;
    if (!c->is_recorded)
        record(c);
    bool is_told = engine_kind == ENGINE_PRELOAD || c->asked.addr.family == c->actual.addr.family;
    report_bind(c->settings, LEVEL_INFO, &c->asked,
                is_told ? " is on the passed socket "
                        : " is on a passed IPv6 socket, so accept returns IPv6 addresses: ",
                &c->actual);
    errno = saved;
    return 0;
}

/* ---- passing on ---- */

/* Counts a bind that is passed on in the registry. Returns true if it needs no record. */
HOT static inline bool is_unrecorded(const struct bind_call *c)
{
    struct registry *registry = shared_registry_get();
    return registry != NULL && c->asked.port != 0 &&
           !registry_count_passed(registry, c->asked.port);
}

/* The usual limit: a higher one (ip_unprivileged_port_start) is not asked for. */
HOT static inline bool is_privileged(const struct endpoint *asked)
{
    return asked->port != 0 && asked->port < IPPORT_RESERVED;
}

/*
 * If the registry has the port as an actual one: records that the program bound it itself, or
 * reports which asked port was mapped to it. Reports a refusal that a rule could have prevented.
 */
COLD static int finish_passed(struct bind_call *c, int result)
{
    const struct registry *registry = shared_registry_get();
    uint64_t netns = shared_registry_netns(c->fd);
    struct registry_entry e;
    int saved = errno;

    if ((result == 0 || errno == EADDRINUSE) && registry != NULL && c->asked.port != 0 &&
        registry_has_port(registry, netns, c->asked.port)) {
        c->asked.proto = socket_proto(c->fd);
        c->actual = c->asked;
        if (result == 0 && c->asked.proto != PROTO_PORTLESS)
            record(c);
        if (result != 0 && registry_in_way(registry, netns, &c->asked, &e) &&
            e.asked.port != c->asked.port)
            report_taken(c->settings, &c->asked, &e);
    }
    if (result != 0 && saved == EACCES && c->decision.rule < 0 && is_privileged(&c->asked)) {
        c->asked.proto = socket_proto(c->fd);
        report_unmatched(c->settings, &c->asked);
    }
    errno = saved;
    return result;
}

HOT static inline int pass(struct bind_call *c)
{
    int result = next.bind(c->fd, c->addr, c->len);
    return result == 0 && is_unrecorded(c) ? 0 : finish_passed(c, result);
}

COLD static int map_if_denied(struct bind_call *c)
{
    int saved = errno;
    int result = pass(c);

    if (result != 0 && errno == EACCES)
        result = map(c);
    if (result == 0)
        errno = saved;
    return result;
}

/* ---- carrying out ---- */

COLD static void report_decision(const struct bind_call *c, enum verdict verdict)
{
    report_settings(c->settings);
    if (verdict == PASS || verdict == MAP_IF_DENIED)
        report_bind(c->settings, LEVEL_DEBUG, &c->asked, " is not remapped", NULL);
}

/* Sets what every bind needs. The rest is set on the way, since zeros for all cost time. */
HOT static inline void start(struct bind_call *c, int fd, const struct sockaddr *addr,
                             socklen_t len)
{
    c->fd = fd;
    c->len = len;
    c->addr = addr;
    c->settings = settings_get();
    c->decision.rule = -1;
    c->inode = 0;
    c->v6only = false;
    c->is_adopted = false;
    c->is_dropped = false;
}

HOT static int bind_by_table(int fd, const struct sockaddr *addr, socklen_t len, bool is_trial)
{
    struct bind_call c;

    if (!is_trial && !user_memory_readable(addr, len))
        return next.bind(fd, addr, len);
    start(&c, fd, addr, len);
    c.is_trial = is_trial;
    enum verdict verdict = decide(&c);
    if (verdict == LEAVE)
        return next.bind(fd, addr, len);
    if (verdict != INVALID && report_wants(&c.settings->config, LEVEL_DEBUG))
        report_decision(&c, verdict);
    switch (verdict) {
    case PASS:
        return pass(&c);
    case MAP:
        return map(&c);
    case MAP_IF_DENIED:
        return map_if_denied(&c);
    case ADOPT:
        return adopt(&c);
    case DROP:
        return drop(&c);
    case DENY:
        return deny(&c);
    default:
        report_invalid_settings(c.settings);
        errno = EINVAL;
        return -1;
    }
}

HOT int bind_socket(int fd, const struct sockaddr *addr, socklen_t len)
{
    return bind_by_table(fd, addr, len, false);
}

int bind_try(int fd, const struct sockaddr *addr, socklen_t len)
{
    return bind_by_table(fd, addr, len, true);
}

bool bind_is_unmapped(const struct sockaddr *addr, socklen_t len)
{
    struct bind_call c;

    start(&c, -1, addr, len);
    return decide_by_port(&c) == PASS && !is_privileged(&c.asked) &&
           !report_wants(&c.settings->config, LEVEL_DEBUG) && is_unrecorded(&c);
}

/*
 * The descriptor keeps its number and FD_CLOEXEC. O_NONBLOCK belongs to the socket, which all that
 * hold it share: it becomes as the program had it. Options that differ from those of a new socket
 * were set by the program, and are set again. SO_REUSEPORT is not, since it is about the bind that
 * the service manager has made; neither is what cannot be read, such as memberships of groups.
 */
#include "translate/adopt.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "core/hot.h"
#include "linux/passed.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/report.h"

/* ---- options ---- */

static const struct option {
    int level, name;
    uint8_t divisor; /* the kernel tells the double of what was set (socket(7)) */
} OPTIONS[] = {
    {SOL_SOCKET, SO_REUSEADDR, 1},
    {SOL_SOCKET, SO_KEEPALIVE, 1},
    {SOL_SOCKET, SO_BROADCAST, 1},
    {SOL_SOCKET, SO_OOBINLINE, 1},
    {SOL_SOCKET, SO_PRIORITY, 1},
    {SOL_SOCKET, SO_RCVBUF, 2},
    {SOL_SOCKET, SO_SNDBUF, 2},
    {SOL_SOCKET, SO_RCVLOWAT, 1},
    {SOL_SOCKET, SO_LINGER, 1},
    {SOL_SOCKET, SO_RCVTIMEO, 1},
    {SOL_SOCKET, SO_SNDTIMEO, 1},
    {SOL_SOCKET, SO_TIMESTAMP, 1},
    {SOL_SOCKET, SO_TIMESTAMPNS, 1},
    {SOL_SOCKET, SO_TIMESTAMPING, 1},
    {SOL_SOCKET, SO_RXQ_OVFL, 1},
    {SOL_SOCKET, SO_ZEROCOPY, 1},
    {SOL_SOCKET, SO_DONTROUTE, 1},
    {SOL_SOCKET, SO_MAX_PACING_RATE, 1},
    {SOL_SOCKET, SO_BUSY_POLL, 1},
    {SOL_SOCKET, SO_NO_CHECK, 1},
    {SOL_SOCKET, SO_MARK, 1},
    {SOL_SOCKET, SO_BINDTODEVICE, 1},
    {IPPROTO_TCP, TCP_NODELAY, 1},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, 1},
    {IPPROTO_TCP, TCP_FASTOPEN, 1},
    {IPPROTO_TCP, TCP_KEEPIDLE, 1},
    {IPPROTO_TCP, TCP_KEEPINTVL, 1},
    {IPPROTO_TCP, TCP_KEEPCNT, 1},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 1},
    {IPPROTO_TCP, TCP_CONGESTION, 1},
    {IPPROTO_TCP, TCP_MAXSEG, 1},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, 1},
    {IPPROTO_TCP, TCP_LINGER2, 1},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 1},
    {IPPROTO_TCP, TCP_SAVE_SYN, 1},
    {IPPROTO_UDP, UDP_GRO, 1},
    {IPPROTO_IP, IP_TOS, 1},
    {IPPROTO_IP, IP_TTL, 1},
    {IPPROTO_IP, IP_RECVTOS, 1},
    {IPPROTO_IP, IP_RECVTTL, 1},
    {IPPROTO_IP, IP_PKTINFO, 1},
    {IPPROTO_IP, IP_RECVERR, 1},
    {IPPROTO_IP, IP_RECVOPTS, 1},
    {IPPROTO_IP, IP_RECVORIGDSTADDR, 1},
    {IPPROTO_IP, IP_MTU_DISCOVER, 1},
    {IPPROTO_IP, IP_MINTTL, 1},
    {IPPROTO_IP, IP_TRANSPARENT, 1},
    {IPPROTO_IP, IP_UNICAST_IF, 1},
    {IPPROTO_IP, IP_MULTICAST_IF, 1},
    {IPPROTO_IP, IP_MULTICAST_TTL, 1},
    {IPPROTO_IP, IP_MULTICAST_LOOP, 1},
    {IPPROTO_IP, IP_MULTICAST_ALL, 1},
    {IPPROTO_IPV6, IPV6_TCLASS, 1},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
    {IPPROTO_IPV6, IPV6_RECVERR, 1},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, 1},
    {IPPROTO_IPV6, IPV6_DONTFRAG, 1},
    {IPPROTO_IPV6, IPV6_UNICAST_IF, 1},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, 1},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1},
};

/* Of all these options, those with times or names are the longest. */
struct value {
    int word[4];
    socklen_t size;
};

static bool get(int fd, const struct option *o, struct value *v)
{
    *v = (struct value){.size = sizeof(v->word)};
    return sys_getsockopt(fd, o->level, o->name, v->word, &v->size) == 0;
}

static void copy_options(int from, int to)
{
    SYS_CLEANUP_FD int plain = socket_like(from);

    for (size_t i = 0; plain >= 0 && i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
        const struct option *o = &OPTIONS[i];
        struct value own, usual;
        if (!get(from, o, &own) || !get(plain, o, &usual) || memcmp(&own, &usual, sizeof(own)) == 0)
            continue;
        own.word[0] /= o->divisor;
        (void)sys_setsockopt(to, o->level, o->name, own.word, own.size);
    }
}

static void copy_nonblocking(int from, int to)
{
    long wanted = sys_call(SYS_fcntl, from, F_GETFL, 0),
         flags = sys_call(SYS_fcntl, to, F_GETFL, 0);

    if (wanted >= 0 && flags >= 0 && ((wanted ^ flags) & O_NONBLOCK) != 0)
        (void)sys_call(SYS_fcntl, to, F_SETFL, flags ^ O_NONBLOCK);
}

/* ---- the socket ---- */

/*
 * The notify engine does not see the calls that return the sender of a datagram: the program would
 * answer to a wrong address. Of connections, getpeername(2) tells the right one.
 */
static bool needs_own_family(const struct bind_call *c)
{
    return engine_kind == ENGINE_NOTIFY && c->asked.proto != PROTO_TCP;
}

static int find(const struct bind_call *c)
{
    const struct rule *rule = &c->settings->config.table.rule[c->decision.rule];
    const char *keeper = engine_value(CONFIG_SOCKETS);
    struct passed_request r = {.port = c->asked.port,
                               .proto = (uint8_t)c->asked.proto,
                               .family = c->asked.addr.family,
                               .is_exact_family = needs_own_family(c)};

    memcpy(r.addr, c->asked.addr.bytes, sizeof(r.addr));
    memcpy(r.name, rule->name, sizeof(r.name));
    return keeper != NULL && keeper[0] != '\0' ? passed_ask(keeper, &r) : engine_passed(&r);
}

/* Whether the socket has a port, by a bind, a connect or a send: the kernel binds it no more. */
static bool is_bound(int fd)
{
    struct endpoint name;

    return socket_name(fd, &name) && name.port != 0;
}

COLD static int refuse(const struct bind_call *c)
{
    const char *why = " has no passed socket: start the server by 'remap run' in a service with a "
                      "socket unit";

    if (errno == ENOENT)
        why = " fits no socket that the service manager passed: see 'systemd' in remap.conf(5)";
    else if (errno == ETIMEDOUT || errno == EAGAIN)
        why = " has no passed socket, since the process remap-sockets, which holds them, does not "
              "answer: resume it, or restart the service";
    report_bind(c->settings, LEVEL_ERROR, &c->asked, why, NULL);
    errno = EACCES;
    return -1;
}

/* Whether the socket has been adopted for IPv4 as well. */
static bool is_narrowed(const struct bind_call *c)
{
    const struct registry *registry = shared_registry_get();
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;
    bool is_found = false;

    while (registry != NULL && !is_found &&
           registry_next_asked(registry, shared_registry_netns(c->fd), c->asked.port, &walk, &e))
        is_found = e.asked.addr.family == AF_INET && e.actual.addr.family == AF_INET6 &&
                   registry_knows_socket(&e, c->inode);
    return is_found;
}

/*
 * A server that binds both families, each alone, may get one IPv6 socket for both. Its listener of IPv4
 * may not take IPv6 addresses, but that of IPv6 takes both: so the record of IPv4 stays.
 */
COLD int adopt_socket(struct bind_call *c)
{
    int saved = errno;

    if (is_bound(c->fd)) {
        errno = EINVAL;
        return -1;
    }
    SYS_CLEANUP_FD int passed = find(c);
    if (passed < 0)
        return refuse(c);
    bool is_of_pair = socket_is_v6only(c->fd);
    copy_options(c->fd, passed);
    copy_nonblocking(c->fd, passed);
    if (!socket_name(passed, &c->actual) || engine_replace(c->fd, passed) != 0)
        return -1;
    c->actual.proto = c->asked.proto;
    c->inode = socket_inode(passed);
    c->is_adopted = true;
    c->v6only = socket_is_v6only(passed);
    c->is_recorded = is_of_pair && is_narrowed(c);
    errno = saved;
    return 0;
}

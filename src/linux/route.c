#include "linux/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdatomic.h>
#include <string.h>

#include "linux/netlink.h"
#include "linux/socket.h"
#include "linux/sys.h"

static size_t size_of(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

/* ---- one address ---- */

struct question {
    struct nlmsghdr header;
    struct rtmsg route;
    struct rtattr to;
    uint8_t bytes[16];
};

static enum route route_of_type(unsigned char type)
{
    switch (type) {
    case RTN_LOCAL:
        return ROUTE_LOCAL;
    case RTN_BROADCAST:
    case RTN_MULTICAST:
        return ROUTE_GROUP;
    default:
        return ROUTE_AWAY;
    }
}

/* Returns false if netlink is refused. */
static bool ask(const struct addr *to, enum route *route)
{
    const size_t size = size_of(to->family);
    struct question question = {
        .header = {.nlmsg_len = (uint32_t)(offsetof(struct question, bytes) + size),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST},
        .route = {.rtm_family = to->family, .rtm_dst_len = (uint8_t)(size * 8)},
        .to = {.rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = RTA_DST},
    };
    struct rtmsg answer;
    struct span payload;
    uint16_t type;
    char buf[1024];
    NETLINK_CLEANUP struct netlink n;

    memcpy(question.bytes, to->bytes, size);
    if (!netlink_open(&n, NETLINK_ROUTE, buf, sizeof(buf)) ||
        !netlink_ask(&n, &question, question.header.nlmsg_len) ||
        !netlink_next(&n, &type, &payload))
        return false;
    *route = ROUTE_AWAY;
    if (type == RTM_NEWROUTE && span_size(payload) >= sizeof(answer)) { /* else there is none */
        memcpy(&answer, payload.at, sizeof(answer));
        *route = route_of_type(answer.rtm_type);
    }
    return true;
}

/*
 * Where netlink is refused: the kernel sends from the very address that it sends to only if that is
 * its own (ip(7); for IPv6, RFC 6724, rule 1). Connecting a UDP socket makes it choose, and sends
 * nothing.
 */
static enum route ask_by_connecting(const struct addr *to)
{
    enum { DISCARD = 9 }; /* connect(2) needs a port */
    struct sockaddr_storage name = {.ss_family = to->family};
    socklen_t len =
        to->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    struct endpoint from;
    SYS_CLEANUP_FD int fd = sys_socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    endpoint_to_sockaddr(to, DISCARD, (struct sockaddr *)&name);
    if (fd < 0 || sys_connect(fd, (struct sockaddr *)&name, len) != 0 || !socket_name(fd, &from))
        return ROUTE_AWAY;
    return addr_equal(&from.addr, to) ? ROUTE_LOCAL : ROUTE_AWAY;
}

/* ---- what is known ---- */

enum { KNOWN = 32 };

static struct addr known[KNOWN];
static atomic_uint known_count;

static enum route find_known(const struct addr *to)
{
    unsigned count = atomic_load_explicit(&known_count, memory_order_acquire);

    for (unsigned i = 0; i < count; i++) {
        if (addr_equal(&known[i], to))
            return ROUTE_LOCAL;
    }
    return ROUTE_AWAY;
}

/* Reads an address of an interface from a message. Returns false if it has none. */
static bool parse_addr(struct span payload, struct addr *addr)
{
    struct ifaddrmsg message;
    struct span value;
    uint16_t type;

    if (span_size(payload) < sizeof(message))
        return false;
    memcpy(&message, payload.at, sizeof(message));
    payload.at += sizeof(message);
    /* On a point-to-point interface, IFA_ADDRESS is the peer's, and IFA_LOCAL the own one. */
    *addr = (struct addr){.family = AF_UNSPEC};
    while (netlink_attribute(&payload, &type, &value)) {
        bool is_wanted = type == IFA_LOCAL || (type == IFA_ADDRESS && addr->family == AF_UNSPEC);
        if (is_wanted && span_size(value) == size_of(message.ifa_family)) {
            addr->family = message.ifa_family;
            memcpy(addr->bytes, value.at, size_of(message.ifa_family));
        }
    }
    return addr->family != AF_UNSPEC;
}

void route_prepare(void)
{
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg all;
    } question = {.header = {.nlmsg_len = sizeof(question),
                             .nlmsg_type = RTM_GETADDR,
                             .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
    struct span payload;
    uint16_t type;
    unsigned count = 0;
    NETLINK_CLEANUP struct netlink n;

    if (!netlink_open(&n, NETLINK_ROUTE, NULL, 0) || !netlink_ask(&n, &question, sizeof(question)))
        return;
    while (count < KNOWN && netlink_next(&n, &type, &payload) && type == RTM_NEWADDR)
        count += parse_addr(payload, &known[count]);
    atomic_store_explicit(&known_count, count, memory_order_release);
}

enum route route_of(const struct addr *to)
{
    enum route route;

    if (sys_is_sealed())
        return find_known(to);
    return ask(to, &route) ? route : ask_by_connecting(to);
}

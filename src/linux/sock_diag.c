#include "linux/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdatomic.h>
#include <string.h>

#include "linux/netns.h"
#include "linux/port_owner.h"
#include "linux/sys.h"

/* ---- questions ---- */

/* States of TCP in sock_diag (net/tcp_states.h). UDP uses two of them. */
enum {
    STATE_ESTABLISHED = 1,
    STATE_CLOSE = 7, /* of UDP: bound, and not connected */
    STATE_LISTEN = 10,
    STATE_BOUND_INACTIVE = 13, /* Linux 6.8; older kernels ignore it */
};

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 diag;
};

static struct request request_for(uint8_t protocol, uint8_t family, int flags)
{
    return (struct request){
        .header = {.nlmsg_len = sizeof(struct request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
        .diag = {.sdiag_family = family,
                 .sdiag_protocol = protocol,
                 .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
}

/* ---- answers ---- */

/* Reads whether IPV6_V6ONLY is set from the attributes behind a message. */
static bool parse_v6only(struct span attributes)
{
    struct span value;
    uint16_t type;

    while (netlink_attribute(&attributes, &type, &value)) {
        if (type == INET_DIAG_SKV6ONLY && span_size(value) > 0)
            return value.at[0] != 0;
    }
    return false;
}

/* Reads what a message says. Returns false if it is too short. */
static bool parse_socket(struct span payload, enum proto proto, struct sock_diag_socket *s)
{
    struct inet_diag_msg m;

    if (span_size(payload) < sizeof(m))
        return false;
    memcpy(&m, payload.at, sizeof(m));
    *s = (struct sock_diag_socket){
        .local = {proto, {.family = m.idiag_family}, ntohs(m.id.idiag_sport)},
        .inode = m.idiag_inode,
        .uid = m.idiag_uid,
        .listens = m.idiag_state == (proto == PROTO_UDP ? STATE_CLOSE : STATE_LISTEN),
        .v6only = m.idiag_family == AF_INET6 &&
                  parse_v6only((struct span){payload.at + sizeof(m), payload.end}),
    };
    memcpy(s->local.addr.bytes, m.id.idiag_src, m.idiag_family == AF_INET ? 4 : 16);
    return true;
}

/* ---- a list ---- */

/* A request is for one protocol and one family. */
static const struct part {
    enum proto proto;
    uint8_t family, protocol;
} PARTS[] = {
    {PROTO_TCP, AF_INET, IPPROTO_TCP},     {PROTO_TCP, AF_INET6, IPPROTO_TCP},
    {PROTO_UDP, AF_INET, IPPROTO_UDP},     {PROTO_UDP, AF_INET6, IPPROTO_UDP},
    {PROTO_UDP, AF_INET, IPPROTO_UDPLITE}, {PROTO_UDP, AF_INET6, IPPROTO_UDPLITE},
};

static bool is_wanted(const struct sock_diag_dump *d, enum proto proto, uint8_t family)
{
    return (d->wanted.proto == PROTO_ANY || d->wanted.proto == proto) &&
           (d->wanted.addr.family == AF_UNSPEC || d->wanted.addr.family == family) &&
           (proto == PROTO_TCP || (d->kind & SOCK_DIAG_IDLE) != 0);
}

static unsigned states_of(enum proto proto, enum sock_diag_kind kind)
{
    const unsigned idle = 1U << STATE_BOUND_INACTIVE, listening = 1U << STATE_LISTEN;

    if (proto == PROTO_UDP)
        return 1U << STATE_CLOSE | 1U << STATE_ESTABLISHED;
    return ((kind & SOCK_DIAG_IDLE) != 0 ? idle : 0) |
           ((kind & SOCK_DIAG_LISTENING) != 0 ? listening : 0) |
           ((kind & SOCK_DIAG_CONNECTED) != 0 ? ~(idle | listening) : 0);
}

/* Asks for the next part that is wanted. Returns false if there is none, or if that fails. */
static bool ask_for_next(struct sock_diag_dump *d)
{
    while (d->next < sizeof(PARTS) / sizeof(PARTS[0]) &&
           !is_wanted(d, PARTS[d->next].proto, PARTS[d->next].family))
        d->next++;
    if (d->next == sizeof(PARTS) / sizeof(PARTS[0]))
        return false;
    const struct part *part = &PARTS[d->next++];
    struct request request = request_for(part->protocol, part->family, NLM_F_DUMP);
    d->proto = part->proto;
    d->may_be_absent = part->protocol == IPPROTO_UDPLITE;
    request.diag.idiag_states = states_of(d->proto, d->kind);
    request.diag.id.idiag_sport = htons(d->wanted.port);
    return netlink_ask(&d->netlink, &request, sizeof(request));
}

void sock_diag_begin(struct sock_diag_dump *d, enum sock_diag_kind kind, uint64_t netns,
                     const struct endpoint *wanted)
{
    *d = (struct sock_diag_dump){
        .netlink = {.fd = -1, .error = EOPNOTSUPP}, .kind = kind, .wanted = *wanted};
    d->has_ended = wanted->proto > PROTO_UDP || !netns_is_own(netns) ||
                   !netlink_open(&d->netlink, NETLINK_SOCK_DIAG, NULL, 0) || !ask_for_next(d);
}

bool sock_diag_next(struct sock_diag_dump *d, struct sock_diag_socket *s)
{
    struct span payload;
    uint16_t type;

    struct netlink *n = &d->netlink;

    while (!d->has_ended && netlink_next(n, &type, &payload)) {
        if (type == SOCK_DIAG_BY_FAMILY && parse_socket(payload, d->proto, s))
            return true;
        bool is_part_read = type == NLMSG_DONE;
        n->error = is_part_read || type == NLMSG_ERROR ? netlink_error(payload) : EBADMSG;
        if (n->error == ENOENT && d->may_be_absent) {
            n->error = 0;
            is_part_read = true;
        }
        n->at = n->end;
        d->has_ended = n->error != 0 || (is_part_read && !ask_for_next(d));
    }
    d->has_ended = true;
    return false;
}

/* Reads a number, and leaves *at behind it. */
bool sock_diag_lists_bound(void)
{
    return sys_is_linux(6, 8);
}

bool sock_diag_end(struct sock_diag_dump *d)
{
    netlink_close(&d->netlink);
    errno = d->netlink.error;
    return d->netlink.error == 0;
}

/* ---- one socket ---- */

/*
 * A kernel without tcp_diag or udp_diag answers as one without the socket. Which it is, is
 * known once it has found one.
 */
static atomic_bool has_answered[PROTO_UDP + 1];

static void put_addr(const struct addr *addr, void *words)
{
    memcpy(words, addr->bytes, addr->family == AF_INET ? 4 : 16);
}

/* Asks for the one socket that is reached at `to`, whose address without a mapping is `addr`. */
static enum sock_diag_answer find_one(const struct endpoint *to, const struct addr *addr,
                                      const struct endpoint *from, struct sock_diag_socket *found)
{
    uint8_t protocol = to->proto == PROTO_UDP ? IPPROTO_UDP : IPPROTO_TCP;
    struct request request = request_for(protocol, addr->family, 0);
    struct inet_diag_sockid *id = &request.diag.id;
    char buf[512];
    struct span payload;
    uint16_t type;

    /* udp_dump_one() has the two ends the other way round, "for historical reasons". */
    if (to->proto == PROTO_TCP) {
        id->idiag_sport = htons(to->port);
        put_addr(addr, id->idiag_src);
        if (from != NULL) {
            struct addr other = addr_unmapped(&from->addr);
            id->idiag_dport = htons(from->port);
            put_addr(&other, id->idiag_dst);
        }
    } else {
        id->idiag_dport = htons(to->port);
        put_addr(addr, id->idiag_dst);
    }
    NETLINK_CLEANUP struct netlink n;
    if (!netlink_open(&n, NETLINK_SOCK_DIAG, buf, sizeof(buf)) ||
        !netlink_ask(&n, &request, sizeof(request))) {
        errno = n.error;
        return SOCK_DIAG_UNKNOWN;
    }
    if (!netlink_next(&n, &type, &payload) || type != SOCK_DIAG_BY_FAMILY ||
        !parse_socket(payload, to->proto, found))
        return SOCK_DIAG_NONE;
    atomic_store_explicit(&has_answered[to->proto], true, memory_order_relaxed);
    return SOCK_DIAG_FOUND;
}

static enum sock_diag_answer find_by_proc(const struct endpoint *to, struct sock_diag_socket *found)
{
    struct port_owner owner;

    if (!port_owner_find_socket(0, to, &owner))
        return SOCK_DIAG_NONE;
    *found = (struct sock_diag_socket){
        .local = *to, .inode = owner.inode, .uid = owner.uid, .listens = true};
    return SOCK_DIAG_FOUND;
}

/*
 * A UDP socket that is connected also has its port, but only its peer reaches it: the kernel
 * finds it for no other.
 */
static enum sock_diag_answer find_connected(uint64_t netns, const struct endpoint *to,
                                            const struct addr *addr, struct sock_diag_socket *found)
{
    const struct endpoint wanted = {to->proto, *addr, to->port};
    struct sock_diag_dump d;
    struct sock_diag_socket s;
    bool is_found = false;

    sock_diag_begin(&d, SOCK_DIAG_BOUND, netns, &wanted);
    while (!is_found && sock_diag_next(&d, &s))
        is_found = addr_overlap(&s.local.addr, addr);
    sock_diag_end(&d);
    if (is_found)
        *found = s;
    return is_found ? SOCK_DIAG_FOUND : SOCK_DIAG_NONE;
}

enum sock_diag_answer sock_diag_find(uint64_t netns, const struct endpoint *to,
                                     const struct endpoint *from, struct sock_diag_socket *found)
{
    struct addr addr = addr_unmapped(&to->addr);

    if ((to->proto != PROTO_TCP && to->proto != PROTO_UDP) || !netns_is_own(netns) ||
        sys_is_sealed())
        return SOCK_DIAG_UNKNOWN;
    enum sock_diag_answer answer = find_one(to, &addr, from, found);
    if (answer == SOCK_DIAG_FOUND)
        return answer;
    if (answer == SOCK_DIAG_UNKNOWN && (errno == EMFILE || errno == ENFILE))
        return answer;
    bool is_sure = answer == SOCK_DIAG_NONE &&
                   atomic_load_explicit(&has_answered[to->proto], memory_order_relaxed);
    if (!is_sure && find_by_proc(to, found) == SOCK_DIAG_FOUND)
        return SOCK_DIAG_FOUND;
    return to->proto == PROTO_UDP ? find_connected(netns, to, &addr, found) : SOCK_DIAG_NONE;
}

#include "linux/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdatomic.h>
#include <string.h>

#include "linux/port_owner.h"
#include "linux/sys.h"

/* States of TCP as sock_diag has them (net/tcp_states.h). */
enum {
    STATE_ESTABLISHED = 1,
    STATE_CLOSE = 7, /* of UDP: bound, and not connected */
    STATE_LISTEN = 10,
    STATE_BOUND_INACTIVE = 13, /* Linux 6.8; older ones know of no such bit */
};

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 diag;
};

/*
 * Room for what the kernel says. It starts with no more than NLMSG_GOODSIZE (4 KiB less
 * what it needs itself) of a dump; and the stack of a signal handler may be small.
 */
enum { ONE = 512, MANY = 4096 };

union answer {
    struct nlmsghdr header;
    char bytes[ONE];
};

union answers {
    struct nlmsghdr header;
    char bytes[MANY];
};

/*
 * A kernel without tcp_diag or udp_diag answers as one without the socket: which it is,
 * is known after a yes.
 */
static atomic_bool has_answered[PROTO_UDP + 1];

static void put_addr(const struct addr *addr, void *words)
{
    memcpy(words, addr->bytes, addr->family == AF_INET ? 4 : 16);
}

static struct request request_for(const struct endpoint *e, const struct addr *addr, int flags)
{
    return (struct request){
        .header = {.nlmsg_len = sizeof(struct request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)},
        .diag = {.sdiag_family = addr->family,
                 .sdiag_protocol = e->proto == PROTO_UDP ? IPPROTO_UDP : IPPROTO_TCP,
                 .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
}

/* Sends a request; the descriptor to read the answer from, or -1. */
static int ask(const struct request *request)
{
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = sys_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd >= 0 && sys_sendto(fd, request, sizeof(*request), 0, (const struct sockaddr *)&kernel,
                              sizeof(kernel)) != (ssize_t)sizeof(*request)) {
        sys_close(fd);
        return -1;
    }
    return fd;
}

/* The kernel has answered, in whole or in part, before the request was sent: nothing waits. */
static ssize_t hear(int fd, void *answer, size_t room)
{
    return sys_recvfrom(fd, answer, room, MSG_DONTWAIT, NULL, NULL);
}

static struct sock_diag_socket alive_of(const struct nlmsghdr *header)
{
    struct inet_diag_msg message;

    memcpy(&message, NLMSG_DATA(header), sizeof(message));
    struct sock_diag_socket a = {.inode = message.idiag_inode,
                                 .uid = message.idiag_uid,
                                 .addr = {.family = message.idiag_family}};
    memcpy(a.addr.bytes, message.id.idiag_src, a.addr.family == AF_INET ? 4 : 16);
    return a;
}

static enum sock_diag_answer find_by_proc(const struct endpoint *to, struct sock_diag_socket *found)
{
    struct port_owner h;

    if (!port_owner_find_socket(to, &h))
        return SOCK_DIAG_NONE;
    *found = (struct sock_diag_socket){.inode = (uint32_t)h.inode, .uid = h.uid, .addr = to->addr};
    return SOCK_DIAG_FOUND;
}

/* Takes what one message of a dump says. False where it was the last, or a failure. */
static bool take(union answers *answer, ssize_t size, struct sock_diag_socket *list, int max,
                 int *count)
{
    struct nlmsghdr *header = &answer->header;

    for (unsigned left = (unsigned)size; NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
        if (header->nlmsg_type == NLMSG_ERROR)
            *count = -1;
        if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
            return false;
        if (*count < max)
            list[*count] = alive_of(header);
        (*count)++;
    }
    return true;
}

int sock_diag_list(const struct endpoint *actual, struct sock_diag_socket *list, int max)
{
    struct request request = request_for(actual, &actual->addr, NLM_F_DUMP);
    union answers answer;
    ssize_t size = -1;
    int count = 0;

    request.diag.idiag_states = actual->proto == PROTO_UDP
                                    ? 1U << STATE_CLOSE | 1U << STATE_ESTABLISHED
                                    : 1U << STATE_LISTEN | 1U << STATE_BOUND_INACTIVE;
    request.diag.id.idiag_sport = htons(actual->port);
    int fd = actual->proto == PROTO_SCTP ? -1 : ask(&request);
    if (fd < 0)
        return -1;
    do
        size = hear(fd, &answer, sizeof(answer));
    while (size > 0 && take(&answer, size, list, max, &count));
    sys_close(fd);
    return size > 0 ? count : -1;
}

/*
 * Of UDP, a socket that is connected has its port too, though only its peer reaches it:
 * the kernel finds it for no one else.
 */
static enum sock_diag_answer find_connected(const struct endpoint *to, const struct addr *addr,
                                            struct sock_diag_socket *found)
{
    enum { MAX = 16 };
    struct sock_diag_socket list[MAX];
    struct endpoint actual = {to->proto, *addr, to->port};
    int count = sock_diag_list(&actual, list, MAX);

    for (int i = 0; i < count && i < MAX; i++) {
        if (addr_overlap(&list[i].addr, addr)) {
            *found = list[i];
            return SOCK_DIAG_FOUND;
        }
    }
    return SOCK_DIAG_NONE;
}

/* Asks for the one socket that is reached at `to`, whose address without a mapping is `addr`. */
static enum sock_diag_answer find_one(const struct endpoint *to, const struct addr *addr,
                                      const struct endpoint *from, struct sock_diag_socket *found)
{
    struct request request = request_for(to, addr, 0);
    union answer answer;

    /* udp_dump_one() has the two ends the other way round, "for historical reasons". */
    if (to->proto == PROTO_TCP) {
        request.diag.id.idiag_sport = htons(to->port);
        put_addr(addr, request.diag.id.idiag_src);
        if (from != NULL) {
            struct addr other = addr_unmapped(&from->addr);
            request.diag.id.idiag_dport = htons(from->port);
            put_addr(&other, request.diag.id.idiag_dst);
        }
    } else {
        request.diag.id.idiag_dport = htons(to->port);
        put_addr(addr, request.diag.id.idiag_dst);
    }
    int fd = ask(&request);
    if (fd < 0)
        return SOCK_DIAG_UNKNOWN;
    ssize_t size = hear(fd, &answer, sizeof(answer));
    sys_close(fd);
    if (size < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
        return SOCK_DIAG_NONE;
    atomic_store_explicit(&has_answered[to->proto], true, memory_order_relaxed);
    *found = alive_of(&answer.header);
    return SOCK_DIAG_FOUND;
}

enum sock_diag_answer sock_diag_find(const struct endpoint *to, const struct endpoint *from,
                                     struct sock_diag_socket *found)
{
    struct addr addr = addr_unmapped(&to->addr);

    if (to->proto != PROTO_TCP && to->proto != PROTO_UDP)
        return SOCK_DIAG_UNKNOWN;
    enum sock_diag_answer answer = find_one(to, &addr, from, found);
    if (answer == SOCK_DIAG_FOUND)
        return answer;
    if (answer == SOCK_DIAG_UNKNOWN && (errno == EMFILE || errno == ENFILE))
        return answer;
    if (answer == SOCK_DIAG_UNKNOWN ||
        !atomic_load_explicit(&has_answered[to->proto], memory_order_relaxed))
        return find_by_proc(to, found);
    return to->proto == PROTO_UDP ? find_connected(to, &addr, found) : SOCK_DIAG_NONE;
}

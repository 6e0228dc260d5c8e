#include "linux/passed.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "linux/socket.h"
#include "linux/sys.h"

/* ---- the sockets ---- */

/* Returns the name number `index` of LISTEN_FDNAMES, which colons divide. */
static struct span name_of(const char *names, int index)
{
    struct span name = {names, names};

    if (names == NULL)
        return name;
    for (; index > 0 && *name.at != '\0'; index--) {
        while (*name.at != '\0' && *name.at != ':')
            name.at++;
        name.at += *name.at == ':';
    }
    name.end = name.at;
    while (*name.end != '\0' && *name.end != ':')
        name.end++;
    return name;
}

/* A connection, as of Accept=yes, cannot be bound. */
static bool read_socket(int fd, struct endpoint *e)
{
    if (!socket_name(fd, e) || socket_is_connected(fd))
        return false;
    e->proto = socket_proto(fd);
    return true;
}

/* How well a socket fits. */
enum fit {
    FIT_NONE,
    FIT_BY_NAME,    /* the rule names it; its address is another */
    FIT_DUAL_STACK, /* [::] for IPv4 */
    FIT_WILDCARD,
    FIT_ADDRESS,
};

static enum fit fit_of_addr(const struct passed_request *r, const struct addr *own, int fd)
{
    struct addr asked = {.family = r->family};

    memcpy(asked.bytes, r->addr, sizeof(asked.bytes));
    if (addr_equal(&asked, own))
        return FIT_ADDRESS;
    if (own->family == asked.family)
        return addr_is_wildcard(own) ? FIT_WILDCARD : r->name[0] != '\0' ? FIT_BY_NAME : FIT_NONE;
    bool is_dual = own->family == AF_INET6 && addr_is_wildcard(own) && !socket_is_v6only(fd);
    return is_dual && !r->is_exact_family ? FIT_DUAL_STACK : FIT_NONE;
}

int passed_choose(const struct passed_request *r, const char *names, int count)
{
    enum fit best = FIT_NONE;
    int chosen = -1;

    for (int i = 0; i < count; i++) {
        struct endpoint own;
        int fd = PASSED_FIRST + i;
        if (!read_socket(fd, &own) || own.proto != r->proto)
            continue;
        if (r->name[0] != '\0' ? !span_is(name_of(names, i), r->name) : own.port != r->port)
            continue;
        enum fit fit = fit_of_addr(r, &own.addr, fd);
        if (fit > best) {
            best = fit;
            chosen = fd;
        }
    }
    return chosen;
}

bool passed_has(const struct rule *rule, const char *names, int count)
{
    bool is_found = false;

    for (int i = 0; i < count && !is_found; i++) {
        struct endpoint own;
        if (!read_socket(PASSED_FIRST + i, &own))
            continue;
        is_found = (rule->proto == PROTO_ANY || rule->proto == own.proto) &&
                   (rule->name[0] != '\0' ? span_is(name_of(names, i), rule->name)
                                          : own.port >= rule->first && own.port <= rule->last);
    }
    return is_found;
}

/* ---- the keeper ---- */

socklen_t passed_address(struct sockaddr_un *address, const char *keeper)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path + 1, keeper, PASSED_ADDRESS);
    return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + PASSED_ADDRESS;
}

/* Any process may have taken the name of a keeper that has ended. */
bool passed_is_trusted(int connection)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return sys_getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == sys_geteuid());
}

/* Linux counts down the time when a signal interrupts ppoll(2). */
static bool is_answered(int connection)
{
    struct timespec left = {.tv_sec = PASSED_PATIENCE};
    struct pollfd waited = {.fd = connection, .events = POLLIN};
    long count;

    do
        count = sys_call6(SYS_ppoll, (long)&waited, 1, (long)&left, 0, _NSIG / 8, 0);
    while (count < 0 && errno == EINTR);
    if (count == 0)
        errno = ETIMEDOUT;
    return count == 1;
}

static int receive(int connection)
{
    char byte;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = ""};
    struct iovec data = {&byte, sizeof(byte)};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    ssize_t size = sys_recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    int fd;

    const struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS) {
        errno = size == 0 ? ECONNRESET : size > 0 ? ENOENT : errno;
        return -1;
    }
    memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    return fd;
}

int passed_ask(const char *keeper, struct passed_request *request)
{
    struct sockaddr_un address;
    SYS_CLEANUP_FD int connection = -1;

    if (strlen(keeper) != PASSED_KEEPER) {
        errno = EINVAL;
        return -1;
    }
    memcpy(request->secret, keeper + PASSED_ADDRESS, PASSED_SECRET);
    socklen_t len = passed_address(&address, keeper);
    connection = sys_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection < 0 || sys_connect(connection, (const struct sockaddr *)&address, len) != 0)
        return -1;
    if (!passed_is_trusted(connection)) {
        errno = EPERM;
        return -1;
    }
    if (sys_sendto(connection, request, sizeof(*request), MSG_NOSIGNAL, NULL, 0) < 0)
        return -1;
    return is_answered(connection) ? receive(connection) : -1;
}

/*
 * Each socket gets a port as for `auto`.
 *
 * A TCP socket gets the address of a multicast group: TCP discards what arrives there, and clients
 * cannot connect to it (RFC 1122, 4.2.3.10). The group is made from the asked address, so that the
 * kernel refuses a second bind to that. A filter would keep the address, but newer kernels refuse one
 * for TCP to ordinary users, and MPTCP has none.
 *
 * Datagrams reach groups: other sockets keep their address, and get a filter.
 */
#include "translate/drop.h"

#include <errno.h>
#include <string.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/sys.h"

/* IPv6 alone and IPv4 do not conflict on one port. */
static struct addr group_for(const struct addr *asked, bool is_v6only)
{
    enum { KEPT = 3 };
    struct addr addr = addr_unmapped(asked), group = {AF_INET, {is_v6only ? 238 : 239}};
    size_t size = addr.family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

    memcpy(group.bytes + 1, addr.bytes + size - KEPT, KEPT);
    return group;
}

static void set_v6only(int fd, int value)
{
    (void)sys_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof(value));
}

/* TCP sockets can have no group of IPv6: they get one of IPv4, as ::ffff:239.0.0.0. */
static int bind_to_group(struct bind_call *c)
{
    bool is_v6only = socket_is_v6only(c->fd);

    c->decision.host = group_for(&c->asked.addr, is_v6only);
    if (is_v6only)
        set_v6only(c->fd, 0);
    int result = bind_call_choose(c), failure = errno;
    if (result != 0 && is_v6only)
        set_v6only(c->fd, 1);
    errno = failure;
    return result;
}

COLD int drop_socket(struct bind_call *c)
{
    c->is_dropped = true;
    c->decision.action = ACTION_AUTO;
    if (c->asked.proto == PROTO_TCP)
        return bind_to_group(c);
    return bind_call_choose(c) == 0 && socket_shut(c->fd) ? 0 : -1;
}

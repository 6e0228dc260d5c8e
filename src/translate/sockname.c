#include "translate/sockname.h"

#include <errno.h>
#include <string.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "linux/user_memory.h"
#include "translate/next.h"
#include "translate/shared_registry.h"
#include "translate/socket_match.h"
#include "translate/sockets.h"

/*
 * Whether the address that was asked for is to be told in the place of the actual
 * one. Not where they are the same, or it was matched through the wildcard that
 * both are; and not where the wildcard was asked for and the socket is a
 * connection, which has an address of its own.
 */
HOT static bool tells_asked_addr(int fd, const struct registry_entry *e)
{
    if (addr_equal(&e->asked.addr, &e->actual.addr))
        return false;
    struct addr asked = addr_unmapped(&e->asked.addr);
    return !addr_is_wildcard(&asked) || !socket_is_connected(fd);
}

static const struct addr same = {.family = AF_UNSPEC};

COLD static enum registry_answer find_entry(int fd, const struct registry *registry,
                                            struct endpoint *actual, struct registry_entry *e)
{
    enum registry_answer answer =
        registry_by_actual(registry, shared_registry_netns(fd), actual, e);

    if (answer != REGISTRY_NEEDS_PROTO)
        return answer;
    actual->proto = socket_proto(fd);
    return registry_by_actual(registry, shared_registry_netns(fd), actual, e);
}

/* Whether no socket of IPv4 is bound to that port, but for `fd` itself. */
COLD static bool is_alone_in_ipv4(int fd, const struct endpoint *actual)
{
    struct sock_diag_socket one;
    int count = sockets_list(actual, &one, 1);

    return count == 0 || (count == 1 && one.inode == socket_inode(fd));
}

/*
 * A socket of IPv6 that is connected over IPv4 can be made one of IPv4 (IPV6_ADDRFORM,
 * ipv6(7)), as xinetd does. Its entry has the v4-mapped address, or ::.
 */
COLD static enum registry_answer find_former_entry(int fd, const struct registry *registry,
                                                   struct endpoint *actual,
                                                   struct registry_entry *e)
{
    if (actual->addr.family != AF_INET || !socket_is_connected(fd))
        return REGISTRY_UNKNOWN;
    actual->proto = socket_proto(fd);
    if (!is_alone_in_ipv4(fd, actual))
        return REGISTRY_UNKNOWN;
    actual->addr = addr_mapped(&actual->addr);
    return registry_by_actual(registry, shared_registry_netns(fd), actual, e);
}

/* Changes an actual address of the socket `fd` in its place, by all that can be found out. */
COLD static bool translate_by_entry(int fd, const struct registry *registry,
                                    struct endpoint *actual, struct sockaddr *name)
{
    struct registry_entry e;
    int saved = errno;

    enum registry_answer answer = find_entry(fd, registry, actual, &e);
    if (answer == REGISTRY_UNKNOWN)
        answer = find_former_entry(fd, registry, actual, &e);
    bool is_it = answer == REGISTRY_KNOWN && (!shared_registry_is_ephemeral(actual->port) ||
                                              socket_match_own(fd, registry, &e));
    bool tells_addr = is_it && tells_asked_addr(fd, &e);
    errno = saved;
    if (!is_it)
        return false;
    const struct addr *addr = tells_addr ? &e.asked.addr : &same;
    return endpoint_to_sockaddr(addr, e.asked.port, name);
}

/*
 * Changes an actual address of the socket `fd` into what was asked for, in its place.
 * False where it stays.
 */
HOT static bool translate(int fd, struct sockaddr *name, socklen_t len)
{
    const struct registry *registry = shared_registry_for_names();
    uint16_t port = endpoint_port(name, len);
    struct endpoint actual;

    if (registry == NULL || !registry_may_have(registry, shared_registry_netns(fd), port))
        return false;
    uint16_t quick = registry_quick_port(registry, shared_registry_netns(fd), name);
    if (quick != 0 && !shared_registry_is_ephemeral(port)) {
        endpoint_set_port(name, quick);
        return true;
    }
    return endpoint_from_sockaddr(&actual, name, len) &&
           translate_by_entry(fd, registry, &actual, name);
}

/* A name that did not fit is asked for again in full, and as much of it told as fits. */
COLD static void translate_part(int fd, void *told, socklen_t room)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);
    int saved = errno;

    if (room > 0 && sys_getsockname(fd, (struct sockaddr *)&name, &len) == 0 && len > room &&
        translate(fd, (struct sockaddr *)&name, len))
        memcpy(told, &name, room);
    errno = saved;
}

HOT int sockname_get(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (!user_memory_readable(len, sizeof(*len)))
        return next.getsockname(fd, addr, len);
    socklen_t room = *len;
    int result = next.getsockname(fd, addr, len);
    if (result != 0)
        return result;
    if (*len <= room)
        translate(fd, addr, *len);
    else
        translate_part(fd, addr, room);
    return result;
}

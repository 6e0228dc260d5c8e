/*
 * The kernel writes the actual name into the caller's buffer first. So a buffer that is
 * short, NULL or not writable gets the kernel's own answer. The name is then translated in
 * place:
 *
 * - The registry has no record of most ports: one word of it says so.
 * - One plain record has the port: only the port is written over.
 * - Else the record is found by all that is known of the socket, and compared with it.
 */
#include "translate/sockname.h"

#include <errno.h>
#include <string.h>

#include "core/hot.h"
#include "linux/sock_diag.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "linux/user_memory.h"
#include "translate/cache.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/shared_registry.h"
#include "translate/socket_match.h"

/*
 * Returns true if the asked address replaces the actual one too. Not if the rule left the
 * address alone; nor if the wildcard was asked for and the socket is a connection, which has
 * an address of its own.
 */
static bool replaces_addr(int fd, const struct registry_entry *e)
{
    if (addr_equal(&e->asked.addr, &e->actual.addr))
        return false;
    struct addr asked = addr_unmapped(&e->asked.addr);
    return !addr_is_wildcard(&asked) || !socket_is_connected(fd);
}

/* Returns true if no IPv4 socket but `fd` is bound to the port. */
static bool is_alone_in_ipv4(int fd, const struct endpoint *actual)
{
    struct sock_diag_dump dump;
    struct sock_diag_socket socket;
    uint32_t own = socket_inode(fd);
    bool is_alone = true;

    sock_diag_begin(&dump, SOCK_DIAG_BOUND, shared_registry_netns(fd), actual);
    while (is_alone && sock_diag_next(&dump, &socket))
        is_alone = socket.inode == own;
    return sock_diag_end(&dump) && is_alone;
}

/*
 * An IPv6 socket with an IPv4 peer can be made an IPv4 socket (IPV6_ADDRFORM, ipv6(7)), as
 * xinetd does. Its record has the v4-mapped address, or ::.
 */
static bool find_before_addrform(int fd, const struct registry *registry,
                                 const struct endpoint *actual, struct registry_entry *e)
{
    struct endpoint former = *actual;

    if (actual->addr.family != AF_INET || !socket_is_connected(fd))
        return false;
    former.proto = socket_proto(fd);
    if (!is_alone_in_ipv4(fd, &former))
        return false;
    former.addr = addr_mapped(&actual->addr);
    return socket_match_find(fd, registry, &former, e);
}

COLD static bool translate_by_record(int fd, const struct registry *registry, struct sockaddr *name,
                                     socklen_t len)
{
    struct endpoint actual;
    struct registry_entry e;
    int saved = errno;

    if (!endpoint_from_sockaddr(&actual, name, len))
        return false;
    bool is_found = (socket_match_find(fd, registry, &actual, &e) ||
                     find_before_addrform(fd, registry, &actual, &e)) &&
                    socket_match_own(fd, registry, &e);
    bool with_addr = is_found && replaces_addr(fd, &e);
    errno = saved;
    return is_found && socket_match_write(&e, with_addr, name);
}

/* The rest of translate(): `port` is the one in the name, and may have a record. */
HOT_REST static bool translate_port(int fd, const struct registry *registry, uint16_t port,
                                    struct sockaddr *name, socklen_t len)
{
    uint16_t quick = cache_quick_port(registry, shared_registry_netns(fd), port, name);

    if (quick == 0 || shared_registry_is_ephemeral(port))
        return translate_by_record(fd, registry, name, len);
    endpoint_set_port(name, quick);
    return true;
}

/* sockname_translate_own(), inline. */
HOT static inline bool translate(int fd, struct sockaddr *name, socklen_t len)
{
    const struct registry *registry = shared_registry_for_names();
    uint16_t port = endpoint_port(name, len);

    return registry != NULL && port != 0 && registry_may_have(registry, port) &&
           translate_port(fd, registry, port, name, len);
}

HOT bool sockname_translate_own(int fd, struct sockaddr *name, socklen_t len)
{
    return translate(fd, name, len);
}

COLD void sockname_tell_part(int fd, void *told, socklen_t room, sockname_call *ask,
                             sockname_translate *translate_name)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof(name);
    int saved = errno;

    if (room > 0 && ask(fd, (struct sockaddr *)&name, &len) == 0 && len > room &&
        translate_name(fd, (struct sockaddr *)&name, len))
        memcpy(told, &name, room);
    errno = saved;
}

/* ---- a passed IPv6 socket in place of an IPv4 one ---- */

COLD bool sockname_find_narrowed(int fd)
{
    const struct registry *registry = shared_registry_get();
    struct endpoint own;
    struct registry_entry e;
    int saved = errno;

    bool is_narrowed = socket_name(fd, &own) && own.addr.family == AF_INET6 &&
                       registry_may_have(registry, own.port) &&
                       socket_match_find(fd, registry, &own, &e) && e.asked.addr.family == AF_INET;
    errno = saved;
    return is_narrowed;
}

COLD void sockname_write_narrow(const struct sockaddr *name, socklen_t size, void *told,
                                socklen_t room, socklen_t *len)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct endpoint e;

    if (endpoint_from_sockaddr(&e, name, size)) {
        struct addr plain = addr_unmapped(&e.addr);
        in.sin_port = htons(e.port);
        if (plain.family == AF_INET)
            memcpy(&in.sin_addr, plain.bytes, sizeof(in.sin_addr));
        else if (addr_is_loopback(&plain))
            in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        name = (struct sockaddr *)&in;
        size = sizeof(in);
    }
    memcpy(told, name, room < size ? room : size);
    *len = size;
}

COLD bool sockname_tell_narrow(int fd, void *told, socklen_t room, socklen_t *len,
                               sockname_call *ask, sockname_translate *translate_name)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    int saved = errno;

    bool is_told = ask(fd, (struct sockaddr *)&name, &size) == 0;
    if (is_told) {
        translate_name(fd, (struct sockaddr *)&name, size);
        sockname_write_narrow((struct sockaddr *)&name, size, told, room, len);
    }
    errno = saved;
    return is_told;
}

COLD static int ask(int fd, struct sockaddr *name, socklen_t *len)
{
    return next.getsockname(fd, name, len);
}

HOT int sockname_get(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (!user_memory_readable(len, sizeof(*len)))
        return next.getsockname(fd, addr, len);
    socklen_t room = *len;
    if (next.getsockname(fd, addr, len) != 0)
        return -1;
    sockname_tell(fd, addr, room, len, ask, translate);
    return 0;
}

/*
 * A peer is reported by the port that the program asked for:
 *
 * - if this process sent or connected to that port (cache.h), or
 * - if the registry has the peer's endpoint, and that is on this host. So an FTP server's
 *   client sees source port 20, and dig an answer from port 53.
 *
 * As in sockname.c, the kernel writes the actual name first, and it is translated in place.
 * Most peers stay as they are: the registry does not have their port as an actual one.
 */
#include "translate/peername.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "linux/user_memory.h"
#include "translate/cache.h"
#include "translate/next.h"
#include "translate/shared_registry.h"
#include "translate/socket_match.h"
#include "translate/sockname.h"

/* ---- one name ---- */

/* Finds the record for a peer, which may be a socket of the other family: v4 as v4-mapped. */
static bool find(int fd, const struct registry *registry, const struct endpoint *peer,
                 struct registry_entry *e)
{
    struct endpoint other = *peer;

    if (socket_match_find(fd, registry, peer, e))
        return true;
    if (peer->addr.family == AF_INET)
        other.addr = addr_mapped(&peer->addr);
    else
        other.addr = addr_unmapped(&peer->addr);
    return other.addr.family != peer->addr.family && socket_match_find(fd, registry, &other, e);
}

/* `cached` is the port that this process sent or connected to, or 0. */
COLD static bool translate_by_record(int fd, const struct registry *registry, uint16_t cached,
                                     struct sockaddr *name, socklen_t len)
{
    struct endpoint peer;
    struct registry_entry e;
    int saved = errno;

    if (!endpoint_from_sockaddr(&peer, name, len))
        return false;
    bool is_found = find(fd, registry, &peer, &e) &&
                    cache_is_local(shared_registry_netns(fd), &peer.addr) &&
                    (cached != 0 || socket_match_peer(fd, registry, &e, &peer));
    errno = saved;
    if (is_found && (cached == 0 || cached == e.asked.port)) {
        struct addr asked = addr_unmapped(&e.asked.addr), actual = addr_unmapped(&e.actual.addr);
        bool with_addr = !addr_equal(&asked, &actual) && !addr_is_wildcard(&asked);
        return socket_match_write(&e, with_addr, name);
    }
    if (cached != 0)
        endpoint_set_port(name, cached);
    return cached != 0;
}

/* Returns the asked port of a peer on a loopback address if one plain record has it, else 0. */
HOT static uint16_t quick_port(int fd, const struct registry *registry, uint16_t cached,
                               const struct endpoint *peer, const struct sockaddr *name)
{
    if (!addr_is_loopback(&peer->addr) || (cached == 0 && shared_registry_is_ephemeral(peer->port)))
        return 0;
    uint16_t port = cache_quick_port(registry, shared_registry_netns(fd), peer->port, name);
    return cached == 0 || cached == port ? port : 0;
}

/* The rest of translate(), for a port that may have a record or be in the cache. */
HOT_REST static bool translate_port(int fd, bool is_accepted, const struct registry *registry,
                                    struct sockaddr *name, socklen_t len)
{
    struct endpoint peer;

    if (!endpoint_read(&peer, name, len))
        return false;
    uint16_t port = peer.port;
    struct addr plain = addr_unmapped(&peer.addr);
    uint16_t cached = is_accepted ? 0 : cache_get_peer(fd, &plain, port);
    if (cached == port || (cached == 0 && !registry_may_have(registry, port)))
        return false;
    uint16_t quick = quick_port(fd, registry, cached, &peer, name);
    if (quick == 0)
        return translate_by_record(fd, registry, cached, name, len);
    endpoint_set_port(name, quick);
    return true;
}

/*
 * Translates the name of a peer of `fd` in place. Returns false if it stays as it is. For a
 * peer that was just accepted the cache does not count: the descriptor is new. Keeps errno.
 */
HOT static inline bool translate(int fd, bool is_accepted, struct sockaddr *name, socklen_t len)
{
    const struct registry *registry = shared_registry_for_names();
    uint16_t port = endpoint_port(name, len);

    if (registry == NULL || port == 0)
        return false;
    /* A call that went where only the table says has no record, but is in the cache. */
    if (!registry_may_have(registry, port) &&
        !atomic_load_explicit(&shared_registry_known.calls_by_table, memory_order_relaxed))
        return false;
    return translate_port(fd, is_accepted, registry, name, len);
}

HOT bool peername_translate(int fd, struct sockaddr *name, socklen_t len)
{
    return translate(fd, false, name, len);
}

static bool translate_accepted(int fd, struct sockaddr *name, socklen_t len)
{
    return translate(fd, true, name, len);
}

/* ---- names of connections ---- */

COLD static int ask(int fd, struct sockaddr *name, socklen_t *len)
{
    return next.getpeername(fd, name, len);
}

int peername_get(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (!user_memory_readable(len, sizeof(*len)))
        return next.getpeername(fd, addr, len);
    socklen_t room = *len;
    if (next.getpeername(fd, addr, len) != 0)
        return -1;
    sockname_tell(fd, addr, room, len, ask, peername_translate);
    return 0;
}

/* The kernel has written as much of the name as was asked for, and that length. */
COLD static void translate_option(int fd, struct sockaddr *name, socklen_t *len)
{
    struct endpoint peer;

    if (sockname_narrow(fd, name, *len, len, sys_getpeername, peername_translate))
        return;
    if (endpoint_from_sockaddr(&peer, name, *len))
        translate(fd, false, name, *len);
    else
        sockname_tell_part(fd, name, *len, sys_getpeername, peername_translate);
}

COLD static void narrow_domain(int fd, void *domain, socklen_t len)
{
    const int ipv4 = AF_INET;

    if (len == sizeof(ipv4) && sockname_is_narrowed(fd))
        memcpy(domain, &ipv4, sizeof(ipv4));
}

HOT static inline int gotten(int result, int fd, int level, int option, void *value, socklen_t *len)
{
    if (level != SOL_SOCKET || result != 0)
        return result;
    if (option == SO_PEERNAME)
        translate_option(fd, value, len);
    else if (option == SO_DOMAIN)
        narrow_domain(fd, value, *len);
    return result;
}

HOT int peername_option(int fd, int level, int option, void *value, socklen_t *len)
{
    return gotten(next.getsockopt(fd, level, option, value, len), fd, level, option, value, len);
}

/* The same with times of 64 bits, on 32-bit machines. */
#if __SIZEOF_LONG__ == 4
int peername_option64(int fd, int level, int option, void *value, socklen_t *len)
{
    return gotten(next.__getsockopt64(fd, level, option, value, len), fd, level, option, value,
                  len);
}
#endif

/* Translates the name of a peer that accept(2) has left in `addr`; returns its descriptor. */
HOT static inline int accepted(int fd, struct sockaddr *addr, socklen_t room, socklen_t *len)
{
    if (fd >= 0)
        sockname_tell(fd, addr, room, len, ask, translate_accepted);
    return fd;
}

HOT int peername_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.accept(fd, addr, len);
    socklen_t room = *len;
    return accepted(next.accept(fd, addr, len), addr, room, len);
}

HOT int peername_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.accept4(fd, addr, len, flags);
    socklen_t room = *len;
    return accepted(next.accept4(fd, addr, len, flags), addr, room, len);
}

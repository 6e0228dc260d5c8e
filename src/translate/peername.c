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
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

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
    uint16_t port = registry_quick_port(registry, shared_registry_netns(fd), name);
    return cached == 0 || cached == port ? port : 0;
}

/*
 * Translates the name of a peer of `fd` in place. Returns false if it stays as it is. For a
 * peer that was just accepted the cache does not count: the descriptor is new. Keeps errno.
 */
HOT static bool translate(int fd, bool is_accepted, struct sockaddr *name, socklen_t len)
{
    const struct registry *registry = shared_registry_for_names();
    uint16_t port = endpoint_port(name, len);
    struct endpoint peer;

    if (registry == NULL || port == 0)
        return false;
    /* A call that went where only the table says has no record, but is in the cache. */
    if (!registry_may_have(registry, port) &&
        !atomic_load_explicit(&shared_registry_known.calls_by_table, memory_order_relaxed))
        return false;
    if (!endpoint_read(&peer, name, len))
        return false;
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

static bool translate_known(int fd, struct sockaddr *name, socklen_t len)
{
    return translate(fd, false, name, len);
}

static bool translate_accepted(int fd, struct sockaddr *name, socklen_t len)
{
    return translate(fd, true, name, len);
}

/* ---- names of connections ---- */

int peername_get(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (!user_memory_readable(len, sizeof(*len)))
        return next.getpeername(fd, addr, len);
    socklen_t room = *len;
    int result = next.getpeername(fd, addr, len);
    if (result != 0)
        return result;
    if (sockname_narrow(fd, addr, room, len, next.getpeername, translate_known))
        return result;
    if (*len <= room)
        translate(fd, false, addr, *len);
    else
        sockname_tell_part(fd, addr, room, next.getpeername, translate_known);
    return result;
}

/* The kernel has written as much of the name as was asked for, and that length. */
COLD static void translate_option(int fd, struct sockaddr *name, socklen_t *len)
{
    struct endpoint peer;

    if (sockname_narrow(fd, name, *len, len, sys_getpeername, translate_known))
        return;
    if (endpoint_from_sockaddr(&peer, name, *len))
        translate(fd, false, name, *len);
    else
        sockname_tell_part(fd, name, *len, sys_getpeername, translate_known);
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

/* Translates the name of a peer that accept(2) has left in `addr`; returns its descriptor. */
HOT static inline int accepted(int fd, struct sockaddr *addr, socklen_t room, socklen_t *len)
{
    if (fd < 0)
        return fd;
    if (sockname_narrow(fd, addr, room, len, next.getpeername, translate_accepted))
        return fd;
    if (*len <= room)
        translate(fd, true, addr, *len);
    else
        sockname_tell_part(fd, addr, room, next.getpeername, translate_accepted);
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

/* ---- names of senders ---- */

/*
 * A sender's name that did not fit cannot be asked for again. If its port fitted, that is
 * translated as the port of a loopback address.
 */
COLD static void translate_part(int fd, void *name, socklen_t room)
{
    struct sockaddr_in in = {.sin_family = AF_UNSPEC};
    const size_t end = offsetof(struct sockaddr_in, sin_port) + sizeof(in.sin_port);
    struct sockaddr_in6 in6 = {.sin6_addr = IN6ADDR_LOOPBACK_INIT};

    if (room < end)
        return;
    memcpy(&in, name, end);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in6.sin6_family = in.sin_family;
    in6.sin6_port = in.sin_port;
    bool is_v6 = in.sin_family == AF_INET6;
    struct sockaddr *sa = is_v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    if (translate(fd, false, sa, is_v6 ? sizeof(in6) : sizeof(in)))
        memcpy(name, sa, end);
}

HOT static void translate_sender(int fd, void *name, socklen_t room, socklen_t len)
{
    if (len > room)
        translate_part(fd, name, room);
    else
        translate(fd, false, name, len);
}

/*
 * Writes the sender of a datagram. One of IPv6 becomes 0.0.0.0 with the port 0, which nothing can be
 * sent to: an answer to its port would reach a program on this host.
 */
static void write_sender(struct sockaddr_in6 *name, socklen_t size, void *told, socklen_t room,
                         socklen_t *len)
{
    if (size == sizeof(*name) && !IN6_IS_ADDR_V4MAPPED(&name->sin6_addr))
        *name = (struct sockaddr_in6){.sin6_family = name->sin6_family};
    sockname_write_narrow((struct sockaddr *)name, size, told, room, len);
}

/* The name of an IPv6 socket does not fit into the room for one of IPv4, and comes only once. */
COLD static ssize_t recvfrom_narrow(int fd, void *buf, size_t size, int flags,
                                    struct sockaddr *addr, socklen_t *len)
{
    struct sockaddr_in6 name;
    socklen_t full = sizeof(name);
    ssize_t result = next.recvfrom(fd, buf, size, flags, (struct sockaddr *)&name, &full);

    if (result >= 0)
        write_sender(&name, full, addr, *len, len);
    return result;
}

HOT ssize_t peername_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
                              socklen_t *len)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.recvfrom(fd, buf, size, flags, addr, len);
    socklen_t room = *len;
    ssize_t result = sockname_is_narrowed(fd) ? recvfrom_narrow(fd, buf, size, flags, addr, len)
                                              : next.recvfrom(fd, buf, size, flags, addr, len);
    if (result >= 0)
        translate_sender(fd, addr, room, *len);
    return result;
}

/*
 * What glibc calls if a program asks for more than its buffer holds. musl has no such
 * function, and none of its programs calls peername_recvfrom_chk().
 */
extern void __chk_fail(void) __attribute__((weak, noreturn));

ssize_t peername_recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                              struct sockaddr *addr, socklen_t *len)
{
    if (size > room && __chk_fail != NULL)
        __chk_fail();
    return peername_recvfrom(fd, buf, size, flags, addr, len);
}

typedef ssize_t receive_function(int fd, struct msghdr *message, int flags);
typedef int receive_many_function(int fd, struct mmsghdr *messages, unsigned count, int flags,
                                  struct timespec *timeout);

/* Returns a copy of the message, with room for the name of an IPv6 socket. */
static struct msghdr widened(const struct msghdr *message, struct sockaddr_in6 *name)
{
    struct msghdr copy = *message;

    if (message->msg_name != NULL) {
        copy.msg_name = name;
        copy.msg_namelen = sizeof(*name);
    }
    return copy;
}

/* Writes what was received with the copy. */
static void narrow(struct msghdr *message, const struct msghdr *copy)
{
    message->msg_controllen = copy->msg_controllen;
    message->msg_flags = copy->msg_flags;
    if (message->msg_name != NULL)
        write_sender(copy->msg_name, copy->msg_namelen, message->msg_name, message->msg_namelen,
                     &message->msg_namelen);
}

COLD static ssize_t receive_narrow(receive_function *function, int fd, struct msghdr *message,
                                   int flags)
{
    struct sockaddr_in6 name;
    struct msghdr copy = widened(message, &name);
    ssize_t result = function(fd, &copy, flags);

    if (result >= 0)
        narrow(message, &copy);
    return result;
}

/* Receives fewer messages than asked for, which is what recvmmsg(2) may do. */
COLD static int receive_many_narrow(receive_many_function *function, int fd,
                                    struct mmsghdr *messages, unsigned count, int flags,
                                    struct timespec *timeout)
{
    enum { AT_ONCE = 16 };
    struct sockaddr_in6 name[AT_ONCE];
    struct mmsghdr copy[AT_ONCE];

    count = count < AT_ONCE ? count : AT_ONCE;
    for (unsigned i = 0; i < count; i++)
        copy[i].msg_hdr = widened(&messages[i].msg_hdr, &name[i]);
    int result = function(fd, copy, count, flags, timeout);
    for (int i = 0; i < result; i++) {
        messages[i].msg_len = copy[i].msg_len;
        narrow(&messages[i].msg_hdr, &copy[i].msg_hdr);
    }
    return result;
}

HOT static inline ssize_t receive(receive_function *function, int fd, struct msghdr *message,
                                  int flags)
{
    if (!user_memory_readable(message, sizeof(*message)))
        return function(fd, message, flags);
    socklen_t room = message->msg_namelen;
    ssize_t result = message->msg_name != NULL && sockname_is_narrowed(fd)
                         ? receive_narrow(function, fd, message, flags)
                         : function(fd, message, flags);
    if (result >= 0 && message->msg_name != NULL)
        translate_sender(fd, message->msg_name, room, message->msg_namelen);
    return result;
}

HOT ssize_t peername_recvmsg(int fd, struct msghdr *message, int flags)
{
    return receive(next.recvmsg, fd, message, flags);
}

static uint8_t room_in_byte(socklen_t room)
{
    return room < UINT8_MAX ? (uint8_t)room : UINT8_MAX;
}

/*
 * The room for each name is read first: the kernel writes the length over it. No name is longer than
 * a byte can say.
 */
static int receive_many(receive_many_function *function, int fd, struct mmsghdr *messages,
                        unsigned count, int flags, struct timespec *timeout)
{
    uint8_t room[UIO_MAXIOV];
    int known = 0, max = count < UIO_MAXIOV ? (int)count : UIO_MAXIOV;

    for (; known < max && user_memory_readable(&messages[known], sizeof(*messages)); known++)
        room[known] = room_in_byte(messages[known].msg_hdr.msg_namelen);
    int result = known == max && sockname_is_narrowed(fd)
                     ? receive_many_narrow(function, fd, messages, (unsigned)max, flags, timeout)
                     : function(fd, messages, count, flags, timeout);
    for (int i = 0; i < result && i < known; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        if (message->msg_name != NULL)
            translate_sender(fd, message->msg_name, room[i], message->msg_namelen);
    }
    return result;
}

int peername_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout)
{
    return receive_many(next.recvmmsg, fd, messages, count, flags, timeout);
}

/* ---- the same with times of 64 bits, on 32-bit machines ---- */

#if __SIZEOF_LONG__ == 4
int peername_option64(int fd, int level, int option, void *value, socklen_t *len)
{
    return gotten(next.__getsockopt64(fd, level, option, value, len), fd, level, option, value,
                  len);
}

ssize_t peername_recvmsg64(int fd, struct msghdr *message, int flags)
{
    return receive(next.__recvmsg64, fd, message, flags);
}

int peername_recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
                        struct timespec *timeout)
{
    return receive_many(next.__recvmmsg64, fd, messages, count, flags, timeout);
}
#endif

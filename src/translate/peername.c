/*
 * A peer is told by what it asked for if this process called it so, or if the registry
 * has its endpoint and that is on this host: the client of an FTP server sees source
 * port 20, and dig an answer from port 53.
 *
 * The kernel writes into the caller's buffer first, so that a buffer that is short,
 * NULL or not to be written to gets the kernel's own answer; what it wrote there is
 * then written over.
 */
#include "translate/peername.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "linux/user_memory.h"
#include "translate/cache.h"
#include "translate/local_addr.h"
#include "translate/next.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"
#include "translate/socket_match.h"

/* ---- what a peer asked for ---- */

/* The same endpoint as a socket of the other family has it: v4 as v4-mapped, and back. */
HOT static bool as_other_family(const struct endpoint *e, struct endpoint *other)
{
    *other = *e;
    if (e->addr.family == AF_INET6) {
        other->addr = addr_unmapped(&e->addr);
        return other->addr.family == AF_INET;
    }
    other->addr = addr_mapped(&e->addr);
    return true;
}

HOT static bool look_up(const struct registry *registry, int fd, const struct endpoint *actual,
                        struct registry_entry *e)
{
    struct endpoint wanted = *actual;
    uint64_t netns = shared_registry_netns(fd);
    enum registry_answer answer = registry_by_actual(registry, netns, &wanted, e);

    if (answer == REGISTRY_NEEDS_PROTO) {
        wanted.proto = socket_proto(fd);
        answer = registry_by_actual(registry, netns, &wanted, e);
    }
    return answer == REGISTRY_KNOWN;
}

HOT static bool find(const struct registry *registry, int fd, const struct endpoint *peer,
                     struct registry_entry *e)
{
    struct endpoint other;

    return look_up(registry, fd, peer, e) ||
           (as_other_family(peer, &other) && look_up(registry, fd, &other, e));
}

static const struct addr same = {.family = AF_UNSPEC};

/* Changes the address of a peer in its place, by all that can be found out; `called` as below. */
COLD static bool translate_by_entry(int fd, const struct registry *registry, uint16_t called,
                                    struct sockaddr *sa, socklen_t len)
{
    struct endpoint peer;
    struct registry_entry e;
    int saved = errno;

    if (!endpoint_from_sockaddr(&peer, sa, len))
        return false;
    bool is_found = find(registry, fd, &peer, &e) && local_addr_is(sa, len) &&
                    (called != 0 || !shared_registry_is_ephemeral(peer.port) ||
                     socket_match_peer(fd, registry, &e, &peer));
    errno = saved;
    if (!is_found || (called != 0 && called != e.asked.port))
        return called != 0 && endpoint_to_sockaddr(&same, called, sa);
    struct addr asked = addr_unmapped(&e.asked.addr), actual = addr_unmapped(&e.actual.addr);
    bool tells_addr = !addr_equal(&asked, &actual) && !addr_is_wildcard(&asked);
    return endpoint_to_sockaddr(tells_addr ? &e.asked.addr : &same, e.asked.port, sa);
}

/* The asked port of a peer on the loopback address, where that is plain to see; else 0. */
HOT static uint16_t quick_port(int fd, const struct registry *registry, uint16_t called,
                               const struct endpoint *peer, const struct sockaddr *sa)
{
    if (!addr_is_loopback(&peer->addr) || (called == 0 && shared_registry_is_ephemeral(peer->port)))
        return 0;
    uint16_t port = registry_quick_port(registry, shared_registry_netns(fd), sa);
    return called == 0 || called == port ? port : 0;
}

/*
 * Changes the address of a peer of `fd` into what it asked for. False where it stays.
 * What this process called it does not count for a peer that has just been accepted:
 * the descriptor is then new.
 */
HOT static bool translate(int fd, bool is_accepted, struct sockaddr *sa, socklen_t len)
{
    const struct registry *registry = shared_registry_for_names();
    uint16_t port = endpoint_port(sa, len);
    struct endpoint peer;

    if (registry == NULL || port == 0)
        return false;
    /* Whom the table alone sent elsewhere, only this process knows. */
    if (!registry_may_have(registry, shared_registry_netns(fd), port) &&
        !atomic_load_explicit(&shared_registry_known.calls_by_table, memory_order_relaxed))
        return false;
    if (!endpoint_read(&peer, sa, len))
        return false;
    struct addr plain = addr_unmapped(&peer.addr);
    uint16_t called = is_accepted ? 0 : cache_get_peer(fd, &plain, port);
    if (called == port ||
        (called == 0 && !registry_may_have(registry, shared_registry_netns(fd), port)))
        return false;
    uint16_t quick = quick_port(fd, registry, called, &peer, sa);
    if (quick == 0)
        return translate_by_entry(fd, registry, called, sa, len);
    endpoint_set_port(sa, quick);
    return true;
}

/*
 * A buffer that is too small for the address has at least its port, if it is not too
 * small for that. The address is then not there to be looked up: it is taken for the
 * loopback address.
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

/* Translates what the kernel has written: `len` bytes, or as many of them as fit in `room`. */
HOT static void translate_told(int fd, void *name, socklen_t room, socklen_t len)
{
    if (len > room)
        translate_part(fd, name, room);
    else
        translate(fd, false, name, len);
}

/* ---- calls with one address ---- */

/* A peer's name that did not fit is asked for again in full, and as much of it told as fits. */
COLD static void translate_connected_part(int fd, bool is_accepted, void *told, socklen_t room)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    int saved = errno;

    if (room > 0 && sys_getpeername(fd, (struct sockaddr *)&name, &size) == 0 && size > room &&
        translate(fd, is_accepted, (struct sockaddr *)&name, size))
        memcpy(told, &name, room);
    errno = saved;
}

static void translate_connected(int fd, bool is_accepted, struct sockaddr *addr, socklen_t room,
                                socklen_t len)
{
    if (len <= room)
        translate(fd, is_accepted, addr, len);
    else
        translate_connected_part(fd, is_accepted, addr, room);
}

int peername_get(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (!user_memory_readable(len, sizeof(*len)))
        return next.getpeername(fd, addr, len);
    socklen_t room = *len;
    int result = next.getpeername(fd, addr, len);
    if (result == 0)
        translate_connected(fd, false, addr, room, *len);
    return result;
}

HOT int peername_accept(int fd, struct sockaddr *addr, socklen_t *len)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.accept(fd, addr, len);
    socklen_t room = *len;
    int result = next.accept(fd, addr, len);
    if (result >= 0)
        translate_connected(result, true, addr, room, *len);
    return result;
}

HOT int peername_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.accept4(fd, addr, len, flags);
    socklen_t room = *len;
    int result = next.accept4(fd, addr, len, flags);
    if (result >= 0)
        translate_connected(result, true, addr, room, *len);
    return result;
}

HOT ssize_t peername_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
                              socklen_t *len)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.recvfrom(fd, buf, size, flags, addr, len);
    socklen_t room = *len;
    ssize_t result = next.recvfrom(fd, buf, size, flags, addr, len);
    if (result >= 0)
        translate_told(fd, addr, room, *len);
    return result;
}

/*
 * What glibc's own does with a program that asks for more than its buffer holds. musl, whose
 * programs may have us preloaded too, has no such function, and nobody who would call this.
 */
extern void __chk_fail(void) __attribute__((weak, noreturn));

ssize_t peername_recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                              struct sockaddr *addr, socklen_t *len)
{
    if (size > room && __chk_fail != NULL)
        __chk_fail();
    return peername_recvfrom(fd, buf, size, flags, addr, len);
}

/* ---- messages ---- */

HOT ssize_t peername_recvmsg(int fd, struct msghdr *message, int flags)
{
    if (!user_memory_readable(message, sizeof(*message)))
        return next.recvmsg(fd, message, flags);
    socklen_t room = message->msg_namelen;
    ssize_t result = next.recvmsg(fd, message, flags);
    if (result >= 0 && message->msg_name != NULL)
        translate_told(fd, message->msg_name, room, message->msg_namelen);
    return result;
}

/* How much room there is for the name of each message is written over by its length. */
int peername_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout)
{
    socklen_t room[UIO_MAXIOV];
    int known = 0, max = count < UIO_MAXIOV ? (int)count : UIO_MAXIOV;

    for (; known < max && user_memory_readable(&messages[known], sizeof(*messages)); known++)
        room[known] = messages[known].msg_hdr.msg_namelen;
    int result = next.recvmmsg(fd, messages, count, flags, timeout);
    for (int i = 0; i < result && i < known; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        if (message->msg_name != NULL)
            translate_told(fd, message->msg_name, room[i], message->msg_namelen);
    }
    return result;
}

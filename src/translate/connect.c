/*
 * A program that connects or sends to port 80 of this host means the server of its tree that
 * asked for port 80. The cheapest question comes first:
 *
 * - The port: one word of the registry says no to nearly all (may_be_remapped).
 * - The address: it must be of this host (cache.h).
 * - The server: it must be running (server.c). For datagrams the answer is kept for a moment.
 *
 * If there is none, the address stays as it is, and the kernel decides. The port that the
 * program used is remembered (cache.h), since it expects to see that port again.
 */
#include "translate/connect.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "linux/user_memory.h"
#include "translate/cache.h"
#include "translate/engine.h"
#include "translate/group.h"
#include "translate/next.h"
#include "translate/server.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

/* ---- one address ---- */

/* Changes with the registry, so that a new server is found at once. */
HOT static uint64_t datagram_key(const struct target *t)
{
    uint64_t words[2];

    memcpy(words, t->asked.addr.bytes, sizeof(words));
    uint64_t key = (words[0] ^ t->netns ^ (uint64_t)t->asked.port << 40) * CACHE_MIX;
    key ^= key >> 29 ^ words[1] ^ (uint64_t)registry_changes(t->registry) << 32;
    return (key ^ t->asked.addr.family) * CACHE_MIX;
}

/*
 * server_find() for a datagram. The cache has the actual port, or 0 if the address stays, for
 * sockets of UDP. If the rule changes the address too, it is found each time.
 */
HOT static bool find_datagram(struct target *t)
{
    uint64_t key = datagram_key(t);
    uint16_t port;

    if (cache_get(key, &port) && (!engine_may_be_portless() || socket_proto(t->fd) == PROTO_UDP))
        return port != 0 && server_redirect(t, NULL, port);
    if (!server_find(t)) {
        if (t->asked.proto == PROTO_UDP)
            cache_put(key, 0);
        return false;
    }
    const struct addr to = server_destination(&t->asked);
    if (t->asked.proto == PROTO_UDP && addr_equal(&t->actual.addr, &to))
        cache_put(key, t->actual.port);
    return true;
}

/* Remembers that the program used an actual port itself, so that it is told that port. */
HOT static void remember_actual(const struct target *t)
{
    const struct addr to = server_destination(&t->asked);
    uint16_t port = t->asked.port;

    if (cache_get_peer(t->fd, &to, port) != 0 ||
        (registry_may_have(t->registry, port) && registry_has_port(t->registry, t->netns, port)))
        cache_put_peer(t->fd, &to, port, port);
}

/* What goes to an address. */
enum purpose {
    CONNECTION,         /* to a server that was open a moment ago: see connect_again() */
    CERTAIN_CONNECTION, /* to one that is open */
    DATAGRAM,
};

/* Returns false if `name` stays as it is, which its port alone says of nearly all. */
HOT static inline bool may_be_remapped(int fd, enum purpose purpose, const struct sockaddr *name,
                                       socklen_t len)
{
    const struct registry *registry;
    const struct config *config;
    uint16_t port;

    if (!user_memory_readable(name, len) || (port = endpoint_port(name, len)) == 0 ||
        (registry = shared_registry_get()) == NULL)
        return false;
    if (registry_has_asked(registry, shared_registry_netns(fd), port) ||
        registry_may_have(registry, port))
        return true;
    config = &settings_get()->config;
    return config->connect == CONNECT_TABLE ||
           (purpose != DATAGRAM && table_names_port(&config->table, port));
}

/*
 * Finds the address to use instead of `name`, for which may_be_remapped(), and leaves it in
 * t->copy. Returns false if `name` stays as it is. Keeps errno.
 */
HOT static bool translate(struct target *t, int fd, enum purpose purpose,
                          const struct sockaddr *name, socklen_t len)
{
    const struct config *config = &settings_get()->config;
    bool is_datagram = purpose == DATAGRAM;
    int saved = errno;

    t->is_group = false;
    t->may_be_recent = purpose == CONNECTION;
    if (len > sizeof(t->copy) || !endpoint_read(&t->asked, name, len))
        return false;
    t->fd = fd;
    t->name = name;
    t->len = len;
    t->registry = shared_registry_get();
    t->netns = shared_registry_netns(fd);
    t->asked.proto = is_datagram ? PROTO_UDP : PROTO_ANY;
    bool may_be_asked = registry_has_asked(t->registry, t->netns, t->asked.port) ||
                        ((config->connect == CONNECT_TABLE || !is_datagram) &&
                         table_names_port(&config->table, t->asked.port));
    bool is_found = may_be_asked && config->connect != CONNECT_OFF &&
                    (is_datagram ? find_datagram(t) : server_find(t));
    t->is_group = !is_found && may_be_asked && is_datagram && config->connect != CONNECT_OFF &&
                  cache_route(t->netns, &t->asked.addr) == ROUTE_GROUP &&
                  socket_proto(fd) == PROTO_UDP;
    errno = saved;
    if (is_found)
        cache_put_peer(fd, &t->actual.addr, t->actual.port, t->asked.port);
    else
        remember_actual(t);
    return is_found;
}

/* ---- connections ---- */

HOT bool connect_find(struct target *t, int fd, const struct sockaddr *addr, socklen_t len)
{
    t->is_recent = false;
    return may_be_remapped(fd, CONNECTION, addr, len) && translate(t, fd, CONNECTION, addr, len);
}

HOT static int connect_to_actual(const struct target *t)
{
    return next.connect(t->fd, (const struct sockaddr *)&t->copy, t->len);
}

/*
 * Returns the error of a connection that was not waited for, 0 if it has none, or EINPROGRESS if that
 * is not known yet. Takes the error from the socket, which can then be connected again.
 */
COLD static int take_error(const struct target *t, int milliseconds)
{
    int events = sys_poll(t->fd, POLLOUT, milliseconds);

    if ((events & (POLLERR | POLLHUP)) == 0)
        return events == 0 ? EINPROGRESS : 0;
    if (connect_to_actual(t) == 0)
        return 0;
    return errno == EALREADY ? EINPROGRESS : errno;
}

/*
 * A connection to a server that was open a moment ago (server.c) has failed, or is not complete. If
 * the server was closed, the socket is connected to where `name` leads now. This host has nearly
 * always refused a connection by then, unless it is busy.
 */
COLD static int connect_again(struct target *t, const struct sockaddr *name, int saved)
{
    enum { LONGEST = 20 }; /* milliseconds, until a closed port refuses */
    const struct target before = *t;
    int failure = errno;
    bool is_waited_for = failure != EINPROGRESS && failure != EINTR;
    int error = is_waited_for ? failure : take_error(t, 0);

    if (error == ECONNREFUSED || error == EINPROGRESS) {
        bool is_found = translate(t, t->fd, CERTAIN_CONNECTION, name, t->len);
        bool is_same = is_found && t->actual.port == before.actual.port &&
                       addr_equal(&t->actual.addr, &before.actual.addr);
        if (error == EINPROGRESS && !is_same)
            error = take_error(&before, LONGEST);
        if (error == ECONNREFUSED) {
            errno = saved;
            return is_found ? connect_to_actual(t) : next.connect(t->fd, name, t->len);
        }
    }
    errno = error == 0 || error == EINPROGRESS ? failure : error;
    return -1;
}

HOT int connect_found(struct target *t)
{
    struct sockaddr_storage name;
    int saved = errno;

    if (t->is_recent)
        memcpy(&name, t->name, t->len); /* another thread may change it while this one waits */
    int result = connect_to_actual(t);
    if (result == 0 || !t->is_recent)
        return result;
    return connect_again(t, (struct sockaddr *)&name, saved);
}

HOT int connect_socket(int fd, const struct sockaddr *addr, socklen_t len)
{
    struct target t;
    return connect_find(&t, fd, addr, len) ? connect_found(&t) : next.connect(fd, addr, len);
}

/* ---- messages ---- */

/* A message with an address is a datagram, unless TCP Fast Open connects with it (RFC 7413). */
HOT static enum purpose purpose_of(int flags)
{
    return (flags & MSG_FASTOPEN) == 0 ? DATAGRAM : CERTAIN_CONNECTION;
}

bool connect_target(int fd, int flags, const struct sockaddr *addr, socklen_t len,
                    struct sockaddr_storage *to)
{
    enum purpose purpose = purpose_of(flags);
    struct target t;

    if (!may_be_remapped(fd, purpose, addr, len) || !translate(&t, fd, purpose, addr, len))
        return false;
    memcpy(to, &t.copy, len);
    return true;
}

/* Copies neither wait nor raise SIGPIPE. */
enum { COPY_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL };

COLD static void send_copies(struct target *t, const void *buf, size_t size, int flags)
{
    struct group_walk walk = {.count = 0};
    int saved = errno;

    while (group_next(t, &walk))
        next.sendto(t->fd, buf, size, flags | COPY_FLAGS, (struct sockaddr *)&t->copy, t->len);
    errno = saved;
}

HOT_REST static ssize_t send_to_port(int fd, const void *buf, size_t size, int flags,
                                     const struct sockaddr *addr, socklen_t len)
{
    struct target t;

    if (translate(&t, fd, purpose_of(flags), addr, len))
        return next.sendto(fd, buf, size, flags, (struct sockaddr *)&t.copy, len);
    if (t.is_group)
        send_copies(&t, buf, size, flags);
    return next.sendto(fd, buf, size, flags, addr, len);
}

HOT ssize_t connect_sendto(int fd, const void *buf, size_t size, int flags,
                           const struct sockaddr *addr, socklen_t len)
{
    if (addr == NULL || !may_be_remapped(fd, purpose_of(flags), addr, len))
        return next.sendto(fd, buf, size, flags, addr, len);
    return send_to_port(fd, buf, size, flags, addr, len);
}

static bool is_to_members(struct target *t, int fd, const struct sockaddr *addr, socklen_t len)
{
    return may_be_remapped(fd, DATAGRAM, addr, len) && !translate(t, fd, DATAGRAM, addr, len) &&
           t->is_group;
}

bool connect_is_to_members(int fd, const struct sockaddr *addr, socklen_t len)
{
    struct target t;

    return is_to_members(&t, fd, addr, len);
}

void connect_send_copies(int fd, const void *buf, size_t size, int flags,
                         const struct sockaddr *addr, socklen_t len)
{
    struct target t;

    if (is_to_members(&t, fd, addr, len))
        send_copies(&t, buf, size, flags);
}

static bool translate_message(struct target *t, int fd, const struct msghdr *message, int flags)
{
    enum purpose purpose = purpose_of(flags);

    t->is_group = false;
    return message->msg_name != NULL && message->msg_namelen > 0 &&
           may_be_remapped(fd, purpose, message->msg_name, message->msg_namelen) &&
           translate(t, fd, purpose, message->msg_name, message->msg_namelen);
}

/* By the system call that the program made: a seccomp filter may forbid the other. */
COLD static void send_message_copies(struct target *t, const struct msghdr *message, bool by_many,
                                     int flags)
{
    struct group_walk walk = {.count = 0};
    struct mmsghdr copy = {.msg_hdr = *message};
    int saved = errno;

    copy.msg_hdr.msg_name = &t->copy;
    while (group_next(t, &walk)) {
        if (by_many)
            next.sendmmsg(t->fd, &copy, 1, flags | COPY_FLAGS);
        else
            next.sendmsg(t->fd, &copy.msg_hdr, flags | COPY_FLAGS);
    }
    errno = saved;
}

ssize_t connect_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct target t;

    if (!user_memory_readable(message, sizeof(*message)))
        return next.sendmsg(fd, message, flags);
    if (!translate_message(&t, fd, message, flags)) {
        if (t.is_group)
            send_message_copies(&t, message, false, flags);
        return next.sendmsg(fd, message, flags);
    }
    struct msghdr copy = *message;
    copy.msg_name = &t.copy;
    return next.sendmsg(fd, &copy, flags);
}

/* Returns whether a message is to be changed, or to be copied. */
static bool any_is_of_tree(int fd, const struct mmsghdr *messages, unsigned count, int flags)
{
    struct target t;

    for (unsigned i = 0; i < count; i++) {
        if (!user_memory_readable(&messages[i], sizeof(messages[i])))
            return false;
        if (translate_message(&t, fd, &messages[i].msg_hdr, flags) || t.is_group)
            return true;
    }
    return false;
}

enum { BATCH = 4 };

/* Sends up to BATCH messages from copies. As sendmmsg(2). */
static int send_batch(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    struct mmsghdr copies[BATCH];
    struct target targets[BATCH];
    unsigned usable = 0;

    bool is_readable = user_memory_readable(messages, count * sizeof(*messages));
    while (is_readable && usable < count &&
           user_memory_writable(&messages[usable].msg_len, sizeof(messages->msg_len)))
        usable++;
    if (usable == 0)
        return next.sendmmsg(fd, messages, count, flags);
    count = usable;
    for (unsigned i = 0; i < count; i++) {
        copies[i] = messages[i];
        if (translate_message(&targets[i], fd, &messages[i].msg_hdr, flags))
            copies[i].msg_hdr.msg_name = &targets[i].copy;
    }
    int result = next.sendmmsg(fd, copies, count, flags);
    for (unsigned i = 0; (int)i < result && i < count; i++) {
        messages[i].msg_len = copies[i].msg_len;
        if (targets[i].is_group)
            send_message_copies(&targets[i], &messages[i].msg_hdr, true, flags);
    }
    return result;
}

/*
 * Messages are copied a few at a time: the stack of a signal handler has no room for more.
 * Returns how many were sent before one failed, as sendmmsg(2) does.
 */
int connect_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    unsigned sent = 0, max = count < UIO_MAXIOV ? count : UIO_MAXIOV;

    if (!any_is_of_tree(fd, messages, max, flags))
        return next.sendmmsg(fd, messages, count, flags);
    while (sent < max) {
        unsigned size = max - sent < BATCH ? max - sent : BATCH;
        int result = send_batch(fd, messages + sent, size, flags);
        if (result < 0)
            return sent > 0 ? (int)sent : result;
        sent += (unsigned)result;
        if ((unsigned)result < size)
            break;
    }
    return (int)sent;
}

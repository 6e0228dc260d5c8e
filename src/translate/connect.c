/*
 * A client that wants port 80 of this host means the server that believes to be there
 * (server.c).
 *
 * Nearly all calls are none of ours. The port decides that first, by one word of the
 * registry; then the address; only then is anything asked of the kernel.
 */
#include "translate/connect.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/user_memory.h"
#include "translate/cache.h"
#include "translate/engine.h"
#include "translate/local_addr.h"
#include "translate/next.h"
#include "translate/server.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

/* ---- one address ---- */

/* Whether anybody asked for the port, or might be at it by the table. */
HOT static bool may_be_elsewhere(const struct target *t)
{
    const struct config *config = &t->settings->config;

    if (config->connect == CONNECT_OFF)
        return false;
    return registry_has_asked(t->registry, t->asked.port) ||
           (config->connect == CONNECT_TABLE && table_names_port(&config->table, t->asked.port));
}

/* Finds the place of what is not known of late. */
COLD static bool find(struct target *t)
{
    if (t->asked.proto == PROTO_ANY || engine_may_be_portless())
        t->asked.proto = socket_proto(t->fd);
    if (t->asked.proto == PROTO_PORTLESS || !local_addr_is(t->netns, t->name, t->len))
        return false;
    return server_find(t) ||
           (t->settings->config.connect == CONNECT_TABLE && server_find_by_table(t));
}

HOT static void copy_name(struct target *t)
{
    if (t->len == sizeof(struct sockaddr_in)) /* most are, and need no call of memcpy() */
        memcpy(&t->copy, t->name, sizeof(struct sockaddr_in));
    else
        memcpy(&t->copy, t->name, t->len);
}

/* So that the program is told again what it asked for. */
static void note_asked_port(const struct target *t)
{
    struct endpoint actual;

    if (!endpoint_from_sockaddr(&actual, (const struct sockaddr *)&t->copy, t->len))
        return;
    const struct addr to = server_destination(&actual);
    cache_put_peer(t->fd, &to, actual.port, t->asked.port);
}

static bool find_stream(struct target *t)
{
    bool is_found = find(t);

    if (is_found)
        note_asked_port(t);
    return is_found;
}

/* With the state of the registry in it, so that a server that comes is not missed for a moment. */
HOT static uint64_t datagram_key(const struct target *t)
{
    uint64_t words[2];

    memcpy(words, t->asked.addr.bytes, sizeof(words));
    uint64_t key = (words[0] ^ t->netns ^ (uint64_t)t->asked.port << 40) * CACHE_MIX;
    key ^= key >> 29 ^ words[1] ^ (uint64_t)registry_newest(t->registry) << 32;
    return (key ^ t->asked.addr.family) * CACHE_MIX;
}

/*
 * Of a datagram, where it goes is known for a moment: by the actual port, or 0 where it
 * stays. Where the address changes too, it is found out each time.
 */
HOT static bool find_datagram(struct target *t)
{
    uint64_t key = datagram_key(t);
    struct endpoint found;
    uint16_t port;

    if (cache_get(key, &port) && !engine_may_be_portless()) {
        if (port == 0)
            return false;
        copy_name(t);
        endpoint_set_port((struct sockaddr *)&t->copy, port);
        const struct addr to = server_destination(&t->asked);
        cache_put_peer(t->fd, &to, port, t->asked.port);
        return true;
    }
    bool is_found = find(t);
    if (is_found)
        note_asked_port(t);
    if (!is_found) {
        cache_put(key, 0);
    } else if (endpoint_from_sockaddr(&found, (struct sockaddr *)&t->copy, t->len) &&
               addr_equal(&found.addr, &t->asked.addr)) {
        cache_put(key, found.port);
    }
    return is_found;
}

/* So that the program is told the high port, where that is what it used. */
HOT static void note_high_port(const struct target *t)
{
    const struct addr to = server_destination(&t->asked);

    if (cache_get_peer(t->fd, &to, t->asked.port) != 0 ||
        (registry_may_have(t->registry, t->netns, t->asked.port) &&
         registry_has_port(t->registry, t->netns, t->asked.port)))
        cache_put_peer(t->fd, &to, t->asked.port, t->asked.port);
}

/*
 * Finds the address to use instead of `name`, and leaves it in t->copy; false where
 * `name` stays. `proto` is the socket's protocol, or PROTO_ANY where it is to be asked.
 * Keeps errno.
 */
HOT static bool translate(struct target *t, int fd, enum proto proto, const struct sockaddr *name,
                          socklen_t len)
{
    int saved = errno;

    if (len > sizeof(t->copy) || len < sizeof(name->sa_family) ||
        !user_memory_readable(name, len) || name->sa_family == AF_UNSPEC ||
        !endpoint_read(&t->asked, name, len) || t->asked.port == 0)
        return false;
    t->fd = fd;
    t->name = name;
    t->len = len;
    t->settings = settings_get();
    if (t->settings == NULL || !t->settings->valid)
        return false;
    t->registry = shared_registry_get();
    if (t->registry == NULL)
        return false;
    t->netns = shared_registry_netns(fd);
    t->asked.proto = proto;
    bool found = may_be_elsewhere(t) && (proto == PROTO_UDP ? find_datagram(t) : find_stream(t));
    errno = saved;
    if (!found)
        note_high_port(t);
    return found;
}

/* Whether an address stays for certain, which is nearly always: known by its port alone. */
HOT static bool stays(int fd, const struct sockaddr *name, socklen_t len)
{
    const struct registry *registry =
        atomic_load_explicit(&shared_registry_known.current, memory_order_acquire);
    uint16_t port;

    if (registry == NULL || !user_memory_readable(name, len) ||
        (port = endpoint_port(name, len)) == 0)
        return false;
    return !registry_has_asked(registry, port) &&
           !registry_may_have(registry, shared_registry_netns(fd), port) &&
           settings_get()->config.connect != CONNECT_TABLE;
}

HOT int connect_socket(int fd, const struct sockaddr *addr, socklen_t len)
{
    struct target t;

    return !stays(fd, addr, len) && translate(&t, fd, PROTO_ANY, addr, len)
               ? next.connect(fd, (struct sockaddr *)&t.copy, len)
               : next.connect(fd, addr, len);
}

bool connect_target(int fd, bool is_datagram, const struct sockaddr *addr, socklen_t len,
                    struct sockaddr_storage *to)
{
    struct target t;

    if (stays(fd, addr, len) || !translate(&t, fd, is_datagram ? PROTO_UDP : PROTO_ANY, addr, len))
        return false;
    memcpy(to, &t.copy, len);
    return true;
}

/* ---- messages ---- */

/* With an address, it is a datagram; but for TCP Fast Open (RFC 7413), which connects. */
HOT static enum proto proto_of(int flags)
{
    return (flags & MSG_FASTOPEN) != 0 ? PROTO_ANY : PROTO_UDP;
}

HOT ssize_t connect_sendto(int fd, const void *buf, size_t size, int flags,
                           const struct sockaddr *addr, socklen_t len)
{
    struct target t;

    if (addr != NULL && !stays(fd, addr, len) && translate(&t, fd, proto_of(flags), addr, len))
        return next.sendto(fd, buf, size, flags, (struct sockaddr *)&t.copy, len);
    return next.sendto(fd, buf, size, flags, addr, len);
}

/* Puts the address to use into a copy of the message; false where the message is good as it is. */
static bool translate_message(struct target *t, int fd, const struct msghdr *message, int flags)
{
    return message->msg_name != NULL && message->msg_namelen > 0 &&
           !stays(fd, message->msg_name, message->msg_namelen) &&
           translate(t, fd, proto_of(flags), message->msg_name, message->msg_namelen);
}

ssize_t connect_sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct target t;

    if (!user_memory_readable(message, sizeof(*message)) ||
        !translate_message(&t, fd, message, flags))
        return next.sendmsg(fd, message, flags);
    struct msghdr copy = *message;
    copy.msg_name = &t.copy;
    return next.sendmsg(fd, &copy, flags);
}

/* Whether one of the messages goes elsewhere than it says. */
static bool any_is_elsewhere(int fd, const struct mmsghdr *messages, unsigned count, int flags)
{
    struct target t;

    for (unsigned i = 0; i < count; i++) {
        if (!user_memory_readable(&messages[i], sizeof(messages[i])))
            return false;
        if (translate_message(&t, fd, &messages[i].msg_hdr, flags))
            return true;
    }
    return false;
}

enum { BATCH = 8 };

/* Sends up to BATCH messages, those that go elsewhere from copies. As sendmmsg(2). */
static int send_batch(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    struct mmsghdr copies[BATCH];
    struct target targets[BATCH];

    if (!user_memory_readable(messages, count * sizeof(*messages)))
        return next.sendmmsg(fd, messages, count, flags);
    for (unsigned i = 0; i < count; i++) {
        copies[i] = messages[i];
        if (translate_message(&targets[i], fd, &messages[i].msg_hdr, flags))
            copies[i].msg_hdr.msg_name = &targets[i].copy;
    }
    int result = next.sendmmsg(fd, copies, count, flags);
    for (int i = 0; i < result; i++)
        messages[i].msg_len = copies[i].msg_len;
    return result;
}

/*
 * Messages are copied a few at a time, since there is no memory for more on the stack
 * of a signal handler. As sendmmsg(2) does, it says how many were sent before one
 * failed.
 */
int connect_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    unsigned sent = 0, max = count < UIO_MAXIOV ? count : UIO_MAXIOV;

    if (!any_is_elsewhere(fd, messages, max, flags))
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

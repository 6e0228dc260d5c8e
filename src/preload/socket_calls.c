#include "preload/socket_calls.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "core/hot.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/bind.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/shared_registry.h"

static atomic_bool has_made_portless;

/* Sockets that were inherited or received have not been seen: they are taken to have ports. */
HOT bool engine_may_be_portless(void)
{
    return atomic_load_explicit(&has_made_portless, memory_order_relaxed);
}

/* Returns the protocol of a new socket of AF_INET or AF_INET6. */
HOT static enum proto new_proto(int type, int protocol)
{
    int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (kind == SOCK_RAW)
        return PROTO_PORTLESS;
    if (protocol != 0)
        return proto_from_ip(protocol);
    return kind == SOCK_STREAM ? PROTO_TCP : kind == SOCK_DGRAM ? PROTO_UDP : PROTO_SCTP;
}

HOT int socket_calls_socket(int domain, int type, int protocol)
{
    int fd = next.socket(domain, type, protocol);

    if (domain == AF_INET || domain == AF_INET6) {
        enum proto proto = new_proto(type, protocol);
        if (proto == PROTO_PORTLESS)
            atomic_store_explicit(&has_made_portless, true, memory_order_relaxed);
        socket_note(fd, proto);
    }
    return fd;
}

/* ---- listen ---- */

/* It is done here, and not at bind, which must not cost more. */
static void record_listener(int fd)
{
    struct endpoint actual;

    if (!socket_name(fd, &actual) || actual.port == 0)
        return;
    struct registry *registry = shared_registry_get();
    uint64_t netns = shared_registry_netns(fd);
    if (registry == NULL || !registry_has_port(registry, netns, actual.port))
        return;
    actual.proto = socket_proto(fd);
    if (actual.proto == PROTO_TCP)
        (void)registry_add_inode(registry, netns, &actual, socket_inode(fd));
}

int socket_calls_listen(int fd, int backlog)
{
    int saved = errno;

    record_listener(fd);
    errno = saved;
    return next.listen(fd, backlog);
}

/* ---- reserved ports ---- */

/* The ports that glibc tries, in its order. */
enum {
    LOWEST = 512,
    FIRST = 600,
    LAST = 1023,
};

/* Where the next search begins: at first, at another port in each process. */
static atomic_int next_port;

static int start_of_search(void)
{
    int start = atomic_load_explicit(&next_port, memory_order_relaxed);
    return start != 0 ? start : FIRST + engine_pid() % (LAST - FIRST + 1);
}

/*
 * Tries the ports from `first` to `last`, up or down and once round, beginning at *port. Leaves the
 * last one in *port. Returns what its bind did.
 */
static int try_ports(int fd, void *name, socklen_t len, int *port, int first, int last)
{
    int start = *port;

    do {
        endpoint_set_port(name, (uint16_t)*port);
        if (bind_try(fd, name, len) == 0)
            return 0;
        if (errno != EADDRINUSE)
            break;
        *port = *port == last ? first : *port + (first < last ? 1 : -1);
    } while (*port != start);
    return -1;
}

int socket_calls_bindresvport(int fd, struct sockaddr_in *name)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    if (name == NULL)
        name = &any;
    if (name->sin_family != AF_INET) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int port = start_of_search();
    int result = try_ports(fd, name, sizeof(*name), &port, FIRST, LAST);
    if (result != 0 && errno == EADDRINUSE) {
        port = LOWEST;
        result = try_ports(fd, name, sizeof(*name), &port, LOWEST, LAST);
    }
    int after = port < FIRST || port == LAST ? FIRST : port + 1;
    atomic_store_explicit(&next_port, after, memory_order_relaxed);
    return result;
}

int socket_calls_rresvport_af(int *port, sa_family_t family)
{
    struct sockaddr_storage name = {.ss_family = family};
    socklen_t len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = next.socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    *port = *port < LOWEST ? LOWEST : *port > LAST ? LAST : *port;
    if (try_ports(fd, &name, len, port, LAST, LOWEST) == 0)
        return fd;
    int error = errno == EADDRINUSE ? EAGAIN : errno;
    sys_close(fd);
    errno = error;
    return -1;
}

int socket_calls_rresvport(int *port)
{
    return socket_calls_rresvport_af(port, AF_INET);
}

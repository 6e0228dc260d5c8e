#include "preload/socket_calls.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
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

HOT int socket_calls_socket(int domain, int type, int protocol)
{
    bool is_raw = (type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == SOCK_RAW;
    bool has_ports = !is_raw && (protocol == 0 || proto_from_ip(protocol) != PROTO_PORTLESS);

    if ((domain == AF_INET || domain == AF_INET6) && !has_ports)
        atomic_store_explicit(&has_made_portless, true, memory_order_relaxed);
    return next.socket(domain, type, protocol);
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
        registry_add_inode(registry, netns, &actual, socket_inode(fd), (uint32_t)engine_pid());
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
static _Atomic unsigned next_port;

static unsigned start_of_search(void)
{
    unsigned start = atomic_load_explicit(&next_port, memory_order_relaxed);
    return start != 0 ? start : FIRST + (unsigned)engine_pid() % (LAST - FIRST + 1);
}

/* Tries all ports from `first` to LAST, beginning at `port`. Returns what the last bind did. */
static int try_ports(int fd, struct sockaddr_in *name, unsigned first, unsigned port)
{
    int result = -1;

    for (unsigned i = first; i <= LAST; i++) {
        name->sin_port = htons((uint16_t)port);
        port = port == LAST ? first : port + 1;
        result = bind_try(fd, (struct sockaddr *)name, sizeof(*name));
        if (result == 0 || errno != EADDRINUSE)
            break;
    }
    atomic_store_explicit(&next_port, port < FIRST ? FIRST : port, memory_order_relaxed);
    return result;
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
    int result = try_ports(fd, name, FIRST, start_of_search());
    if (result != 0 && errno == EADDRINUSE)
        result = try_ports(fd, name, LOWEST, LOWEST);
    return result;
}

static socklen_t set_port(struct sockaddr_storage *name, sa_family_t family, int port)
{
    name->ss_family = family;
    if (family == AF_INET) {
        ((struct sockaddr_in *)name)->sin_port = htons((uint16_t)port);
        return sizeof(struct sockaddr_in);
    }
    ((struct sockaddr_in6 *)name)->sin6_port = htons((uint16_t)port);
    return sizeof(struct sockaddr_in6);
}

/* Binds to *port or to the first available port below it, and on from LAST. Returns 0 or errno. */
static int bind_below(int fd, sa_family_t family, int *port)
{
    struct sockaddr_storage name = {0};
    int start = *port;

    do {
        socklen_t len = set_port(&name, family, *port);
        if (bind_try(fd, (struct sockaddr *)&name, len) == 0)
            return 0;
        if (errno != EADDRINUSE)
            return errno;
        *port = *port == LOWEST ? LAST : *port - 1;
    } while (*port != start);
    return EAGAIN;
}

int socket_calls_rresvport_af(int *port, sa_family_t family)
{
    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = next.socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    *port = *port < LOWEST ? LOWEST : *port > LAST ? LAST : *port;
    int error = bind_below(fd, family, port);
    if (error == 0)
        return fd;
    sys_close(fd);
    errno = error;
    return -1;
}

int socket_calls_rresvport(int *port)
{
    return socket_calls_rresvport_af(port, AF_INET);
}

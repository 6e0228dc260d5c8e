#include "preload/reserved_port.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include "linux/sys.h"
#include "translate/bind.h"
#include "translate/engine.h"
#include "translate/next.h"

/* The ports that glibc tries, and in its order. */
enum {
    LOWEST = 512,
    FIRST = 600,
    LAST = 1023,
};

/* Where the next search begins: elsewhere in each process. */
static _Atomic unsigned next_port;

static unsigned take_start(void)
{
    unsigned start = atomic_load_explicit(&next_port, memory_order_relaxed);
    return start != 0 ? start : FIRST + (unsigned)engine_pid() % (LAST - FIRST + 1);
}

/* Tries all ports of first..LAST, round from `port`. The result of the last bind. */
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

int reserved_port_bind(int fd, struct sockaddr_in *name)
{
    struct sockaddr_in any = {.sin_family = AF_INET};

    if (name == NULL)
        name = &any;
    if (name->sin_family != AF_INET) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int result = try_ports(fd, name, FIRST, take_start());
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

static int start_port(int port)
{
    return port < LOWEST ? LOWEST : port > LAST ? LAST : port;
}

int reserved_port_socket(int *port, sa_family_t family)
{
    struct sockaddr_storage name;

    if (family != AF_INET && family != AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = next.socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    memset(&name, 0, sizeof(name));
    int start = start_port(*port), failure = EAGAIN;
    *port = start;
    do {
        socklen_t len = set_port(&name, family, *port);
        if (bind_try(fd, (struct sockaddr *)&name, len) == 0)
            return fd;
        if (errno != EADDRINUSE) {
            failure = errno;
            break;
        }
        *port = *port == LOWEST ? LAST : *port - 1;
    } while (*port != start);
    sys_close(fd);
    errno = failure;
    return -1;
}

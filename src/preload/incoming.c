#include "preload/incoming.h"

#include <errno.h>
#include <string.h>

#include "preload/caller.h"
#include "preload/next.h"
#include "preload/setup.h"
#include "preload/socket.h"
#include "preload/state.h"
#include "registry/sys.h"

/*
 * Whether the address that was asked for is to be told in the place of the actual
 * one. Not where they are the same, or it was matched through the wildcard that
 * both are; and not where the wildcard was asked for and the socket is a
 * connection, which has an address of its own.
 */
static bool tells_asked_addr(int fd, const struct registry_entry *e)
{
    if (addr_equal(&e->asked.addr, &e->actual.addr))
        return false;
    struct addr asked = addr_unmapped(&e->asked.addr);
    return !addr_is_wildcard(&asked) || !socket_is_connected(fd);
}

/* The registry, if programs are to be told from it. */
static const struct registry *registry_to_tell(void)
{
    const struct setup *setup = setup_get();
    bool tells = setup != NULL && setup->valid && setup->config.report == REPORT_ASKED;
    return tells ? state_registry(setup) : NULL;
}

/* Changes an actual address of the socket `fd` into what was asked for. False where it stays. */
static bool translate(int fd, struct sockaddr_storage *name, socklen_t len)
{
    static const struct addr same = {.family = AF_UNSPEC};
    struct endpoint actual;
    struct registry_entry e;

    if (!endpoint_from_sockaddr(&actual, (struct sockaddr *)name, len) || actual.port == 0)
        return false;
    const struct registry *registry = registry_to_tell();
    if (registry == NULL || !registry_has_port(registry, state_netns(fd), actual.port))
        return false;
    actual.proto = socket_proto(fd);
    if (!registry_by_actual(registry, state_netns(fd), &actual, &e))
        return false;
    const struct addr *addr = tells_asked_addr(fd, &e) ? &e.asked.addr : &same;
    return endpoint_to_sockaddr(addr, e.asked.port, (struct sockaddr *)name);
}

/* Reads the name of `fd` that the kernel has just told in full or in part, in full. */
static bool read_whole(int fd, struct sockaddr_storage *name, const struct sockaddr *told,
                       socklen_t room, socklen_t len)
{
    socklen_t size = sizeof(*name);

    if (len > sizeof(*name))
        return false;
    if (len > room)
        return sys_getsockname(fd, (struct sockaddr *)name, &size) == 0 && size == len;
    memcpy(name, told, len);
    return true;
}

int incoming_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
    struct sockaddr_storage name;
    int saved = errno;

    if (!caller_may_mean(len))
        return next_getsockname(fd, addr, len);
    socklen_t room = *len;
    int result = next_getsockname(fd, addr, len);
    if (result != 0 || room == 0)
        return result;
    if (read_whole(fd, &name, addr, room, *len) && translate(fd, &name, *len))
        memcpy(addr, &name, room < *len ? room : *len);
    errno = saved;
    return result;
}

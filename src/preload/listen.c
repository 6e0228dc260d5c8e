#include "preload/listen.h"

#include <errno.h>

#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/setup.h"
#include "translate/state.h"

/*
 * Which socket it is that listens: a connection in the tree goes there only if it is
 * still the one that does. Learned here, since a bind must not cost more.
 */
static void remember_listener(int fd, struct setup *setup)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    struct endpoint actual;

    if (sys_getsockname(fd, (struct sockaddr *)&name, &size) != 0 ||
        !endpoint_from_sockaddr(&actual, (struct sockaddr *)&name, size) || actual.port == 0)
        return;
    struct registry *registry = state_registry(setup);
    uint64_t netns = state_netns(fd);
    if (registry == NULL || !registry_has_port(registry, netns, actual.port))
        return;
    actual.proto = socket_proto(fd);
    if (actual.proto == PROTO_TCP)
        registry_add_inode(registry, netns, &actual, socket_inode(fd), (uint32_t)engine_pid());
}

int listen_socket(int fd, int backlog)
{
    int saved = errno;
    struct setup *setup = setup_get();

    if (setup != NULL && setup->valid)
        remember_listener(fd, setup);
    errno = saved;
    return next.listen(fd, backlog);
}

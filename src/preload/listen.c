#include "preload/listen.h"

#include <errno.h>

#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

/*
 * Which socket it is that listens: a connection in the tree goes there only if it is
 * still the one that does. Learned here, since a bind must not cost more.
 */
static void remember_listener(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    struct endpoint actual;

    if (sys_getsockname(fd, (struct sockaddr *)&name, &size) != 0 ||
        !endpoint_from_sockaddr(&actual, (struct sockaddr *)&name, size) || actual.port == 0)
        return;
    struct registry *registry = shared_registry_get();
    uint64_t netns = shared_registry_netns(fd);
    if (registry == NULL || !registry_has_port(registry, netns, actual.port))
        return;
    actual.proto = socket_proto(fd);
    if (actual.proto == PROTO_TCP)
        registry_add_inode(registry, netns, &actual, socket_inode(fd), (uint32_t)engine_pid());
}

int listen_socket(int fd, int backlog)
{
    int saved = errno;
    const struct settings *settings = settings_get();

    if (settings != NULL && settings->valid)
        remember_listener(fd);
    errno = saved;
    return next.listen(fd, backlog);
}

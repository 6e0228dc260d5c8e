#include "translate/socket_match.h"

#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/shared_registry.h"
#include "translate/sockets.h"

/* Whether the socket is known by its number to an entry for the same two endpoints. */
static bool is_known(int fd, const struct registry *r, const struct registry_entry *e,
                     uint32_t inode)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry other;

    while (registry_next_asked(r, shared_registry_netns(fd), e->asked.port, &walk, &other)) {
        if (other.actual.port == e->actual.port && registry_knows_socket(&other, inode))
            return true;
    }
    return false;
}

static bool find_known(int fd, const struct registry *r, const struct registry_entry *e,
                       const struct endpoint *at, const struct endpoint *from)
{
    struct sock_diag_socket found;
    return sockets_find(at, from, &found) == SOCK_DIAG_FOUND && is_known(fd, r, e, found.inode);
}

static bool read_own(int fd, struct endpoint *own)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);

    return sys_getsockname(fd, (struct sockaddr *)&name, &size) == 0 &&
           endpoint_from_sockaddr(own, (struct sockaddr *)&name, size);
}

bool socket_match_own(int fd, const struct registry *r, const struct registry_entry *e)
{
    struct endpoint own;

    if (is_known(fd, r, e, socket_inode(fd)))
        return true;
    /* A connection that a server has accepted, which listens there. */
    if (socket_proto(fd) != PROTO_TCP || !read_own(fd, &own))
        return false;
    own.proto = PROTO_TCP;
    return find_known(fd, r, e, &own, NULL);
}

bool socket_match_peer(int fd, const struct registry *r, const struct registry_entry *e,
                       const struct endpoint *peer)
{
    struct endpoint at = *peer, own;

    at.proto = socket_proto(fd);
    if (find_known(fd, r, e, &at, NULL))
        return true;
    return at.proto == PROTO_TCP && read_own(fd, &own) && find_known(fd, r, e, &at, &own);
}

#include "translate/socket_match.h"

#include "linux/sock_diag.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "translate/shared_registry.h"

bool socket_match_find(int fd, const struct registry *r, const struct endpoint *actual,
                       struct registry_entry *e)
{
    struct endpoint wanted = *actual;
    uint64_t netns = shared_registry_netns(fd);
    enum registry_answer answer = registry_by_actual(r, netns, &wanted, e);

    if (answer == REGISTRY_NEEDS_PROTO) {
        shared_registry_settle(netns, actual->port);
        wanted.proto = socket_proto(fd);
        answer = registry_by_actual(r, netns, &wanted, e);
    }
    return answer == REGISTRY_KNOWN;
}

/* Returns true if a record of the same two ports has the socket's number. */
static bool has_inode(int fd, const struct registry *r, const struct registry_entry *e,
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

/* Returns true if the socket at `at`, or its connection with `from`, has its number recorded. */
static bool has_socket_at(int fd, const struct registry *r, const struct registry_entry *e,
                          const struct endpoint *at, const struct endpoint *from)
{
    struct sock_diag_socket found;
    return sock_diag_find(shared_registry_netns(fd), at, from, &found) == SOCK_DIAG_FOUND &&
           has_inode(fd, r, e, found.inode);
}

/* Returns true if another socket may have the record's port, and the kernel may be asked. */
static bool is_in_doubt(const struct registry_entry *e)
{
    return shared_registry_is_ephemeral(e->actual.port) && !sys_is_sealed();
}

bool socket_match_own(int fd, const struct registry *r, const struct registry_entry *e)
{
    struct endpoint own;

    if (!is_in_doubt(e) || has_inode(fd, r, e, socket_inode(fd)))
        return true;
    /* A connection that was accepted: the socket that listens there is the recorded one. */
    if (socket_proto(fd) != PROTO_TCP || !socket_name(fd, &own))
        return false;
    own.proto = PROTO_TCP;
    return has_socket_at(fd, r, e, &own, NULL);
}

bool socket_match_peer(int fd, const struct registry *r, const struct registry_entry *e,
                       const struct endpoint *peer)
{
    struct endpoint at = *peer, own;

    if (!is_in_doubt(e))
        return true;
    at.proto = socket_proto(fd);
    if (has_socket_at(fd, r, e, &at, NULL))
        return true;
    return at.proto == PROTO_TCP && socket_name(fd, &own) && has_socket_at(fd, r, e, &at, &own);
}

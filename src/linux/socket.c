#include "linux/socket.h"

#include <linux/filter.h>
#include <netinet/tcp.h>
#include <stdatomic.h>

#include "core/hot.h"
#include "linux/sys.h"

/* Returns the value of an option that is an int, or -1 if the socket has no such option. */
static int int_option(int fd, int level, int name)
{
    int value;
    socklen_t size = sizeof(value);
    return sys_getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

/* The protocol of each descriptor, or PROTO_ANY. */
static _Atomic uint8_t noted[512];

HOT void socket_note(int fd, enum proto proto)
{
    if (fd >= 0 && (size_t)fd < sizeof(noted))
        atomic_store_explicit(&noted[fd], (uint8_t)proto, memory_order_relaxed);
}

COLD static enum proto noted_proto(int fd)
{
    enum proto proto = PROTO_ANY;

    if (fd >= 0 && (size_t)fd < sizeof(noted))
        proto = atomic_load_explicit(&noted[fd], memory_order_relaxed);
    return proto != PROTO_ANY ? proto : PROTO_TCP;
}

enum proto socket_proto(int fd)
{
    bool is_deferred;
    return socket_proto_to_connect(fd, &is_deferred);
}

enum proto socket_proto_to_connect(int fd, bool *is_deferred)
{
    *is_deferred = false;
    if (sys_is_sealed())
        return noted_proto(fd);
    /* Most sockets are TCP or MPTCP, which alone have this option: they cost one call. */
    int value = int_option(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT);
    *is_deferred = value > 0;
    if (value >= 0)
        return PROTO_TCP;
    /* A raw socket may have the protocol of one with ports. */
    return int_option(fd, SOL_SOCKET, SO_TYPE) == SOCK_RAW
               ? PROTO_PORTLESS
               : proto_from_ip(int_option(fd, SOL_SOCKET, SO_PROTOCOL));
}

/* Inodes of sockfs have 32 bits (get_next_ino). */
uint32_t socket_inode(int fd)
{
    struct statx st;
    return sys_statx_fd(fd, STATX_INO, &st) == 0 ? (uint32_t)st.stx_ino : 0;
}

bool socket_name(int fd, struct endpoint *name)
{
    struct sockaddr_storage sa;
    socklen_t size = sizeof(sa);

    return sys_getsockname(fd, (struct sockaddr *)&sa, &size) == 0 &&
           endpoint_from_sockaddr(name, (struct sockaddr *)&sa, size);
}

int socket_like(int fd)
{
    return sys_socket(int_option(fd, SOL_SOCKET, SO_DOMAIN),
                      int_option(fd, SOL_SOCKET, SO_TYPE) | SOCK_CLOEXEC,
                      int_option(fd, SOL_SOCKET, SO_PROTOCOL));
}

bool socket_shut(int fd)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {1, &drop};
    const int on = 1;

    if (sys_setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0 ||
        sys_setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) != 0)
        return false;
    while (sys_recvfrom(fd, NULL, 0, MSG_DONTWAIT, NULL, NULL) >= 0)
        ;
    return true;
}

bool socket_is_v6only(int fd)
{
    return int_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1;
}

bool socket_is_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    return sys_getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

bool socket_is_inet(int fd)
{
    int domain = int_option(fd, SOL_SOCKET, SO_DOMAIN);
    return domain == AF_INET || domain == AF_INET6;
}

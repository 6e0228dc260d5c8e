#include "linux/socket.h"

#include <netinet/tcp.h>
#include <stdatomic.h>

#include "linux/sys.h"

/* An option whose value is an int; -1 where the socket has none of that name. */
static int int_option(int fd, int level, int name)
{
    int value;
    socklen_t size = sizeof(value);
    return sys_getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

enum proto socket_proto(int fd)
{
    /* Only sockets of TCP and MPTCP have this option, and most are: one question less. */
    if (int_option(fd, IPPROTO_TCP, TCP_NODELAY) >= 0)
        return PROTO_TCP;
    /* A raw socket has one of these protocols too, but no ports. */
    return int_option(fd, SOL_SOCKET, SO_TYPE) == SOCK_RAW
               ? PROTO_PORTLESS
               : proto_from_ip(int_option(fd, SOL_SOCKET, SO_PROTOCOL));
}

static atomic_bool has_made_portless;

void socket_note(int domain, int type, int protocol)
{
    int kind = type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool is_plain = protocol == 0 || proto_from_ip(protocol) != PROTO_PORTLESS;
    bool has_ports = kind != SOCK_RAW && is_plain;

    if ((domain == AF_INET || domain == AF_INET6) && !has_ports)
        atomic_store_explicit(&has_made_portless, true, memory_order_relaxed);
}

bool socket_any_is_portless(void)
{
    return atomic_load_explicit(&has_made_portless, memory_order_relaxed);
}

/* Inodes of sockfs have 32 bits (get_next_ino). */
uint32_t socket_inode(int fd)
{
    struct statx st;
    return sys_statx_fd(fd, STATX_INO, &st) == 0 ? (uint32_t)st.stx_ino : 0;
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

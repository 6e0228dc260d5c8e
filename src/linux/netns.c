#include "linux/netns.h"

#include <errno.h>
#include <stdatomic.h>

#include "linux/procfs.h"
#include "linux/socket.h"
#include "linux/sys.h"

/* Linux 5.14 */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

uint64_t netns_of_socket(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);

    if (sys_getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0 &&
        (errno == EBADF || errno == ENOTSOCK))
        return 0;
    if (cookie != 0)
        return cookie;
    uint64_t inode = procfs_inode(0, "ns/net");
    return inode != 0 ? inode : 1;
}

uint64_t netns_own(void)
{
    static _Atomic uint64_t own;
    uint64_t known = atomic_load_explicit(&own, memory_order_relaxed);

    if (known == 0) {
        SYS_CLEANUP_FD int fd = sys_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        known = netns_of_socket(fd);
        atomic_store_explicit(&own, known, memory_order_relaxed);
    }
    return known;
}

bool netns_is_own(uint64_t netns)
{
    if (netns == 0)
        return true;
    uint64_t own = netns_own();
    return own == 0 || own == netns;
}

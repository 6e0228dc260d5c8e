#include "linux/netns.h"

#include <errno.h>

#include "linux/sys.h"

/* Not in the headers of Linux before 5.14. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

uint64_t netns_of_socket(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    struct statx st;

    if (sys_getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 && cookie != 0)
        return cookie;
    if (errno == EBADF || errno == ENOTSOCK)
        return 0;
    return sys_statx("/proc/self/ns/net", STATX_INO, &st) == 0 ? st.stx_ino : 1;
}

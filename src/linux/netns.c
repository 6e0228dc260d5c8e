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

/*
 * Returns the inode of the kernel's own socket of rtnetlink(7) in the namespace of a thread, or 0. It is as
 * old as the namespace, and alone has no port: "SOCKET 0 0 ... INODE".
 */
static uint64_t inode_of_rtnetlink(pid_t tid)
{
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    char path[PROCFS_PATH_MAX];
    struct span line, word;
    uint64_t inode = 0;

    procfs_path(path, tid, "net/netlink");
    bool is_open = procfs_open_lines(&lines, path);
    while (is_open && procfs_next_line(&lines, &line)) {
        span_word(&line);
        struct span protocol = span_word(&line), port = span_word(&line);
        if (!span_is(protocol, "0") || !span_is(port, "0"))
            continue;
        while (span_size(word = span_word(&line)) > 0)
            procfs_number(word, 10, &inode);
        break;
    }
    return inode;
}

/*
 * The inode of a namespace is given to another one once it has ended. That of a socket is not: the
 * kernel counts all that it makes.
 */
static uint64_t netns_of_thread(pid_t tid)
{
    uint64_t number = procfs_inode(tid, "ns/net") << 32 | inode_of_rtnetlink(tid);
    return number != 0 ? number : 1;
}

uint64_t netns_of_socket(int fd, pid_t tid)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);

    if (sys_getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0 &&
        (errno == EBADF || errno == ENOTSOCK))
        return 0;
    if (cookie != 0)
        return cookie;
    return netns_of_thread(tid);
}

uint64_t netns_own(void)
{
    static _Atomic uint64_t own;
    uint64_t known = atomic_load_explicit(&own, memory_order_relaxed);

    if (known == 0) {
        SYS_CLEANUP_FD int fd = sys_socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        known = netns_of_socket(fd, 0);
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

#include "notify/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "linux/sys.h"

void fd_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

void fd_fill_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    fd_close(&fd);
}

void fd_drop_standard(int last)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; fd <= last; fd++) {
        if (null >= 0)
            dup2(null, fd);
        else
            close(fd);
    }
    if (null > last)
        close(null);
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* close_range(2) is of Linux 5.9. */
static void close_range_of(unsigned first, unsigned last)
{
    if (sys_close_range(first, last) == 0)
        return;
    for (unsigned fd = first; fd <= last && fd < (unsigned)sysconf(_SC_OPEN_MAX); fd++)
        sys_close((int)fd);
}

void fd_close_others(int *kept, size_t count)
{
    unsigned first = STDERR_FILENO + 1;

    qsort(kept, count, sizeof(kept[0]), compare);
    for (size_t i = 0; i < count; i++) {
        if (first < (unsigned)kept[i])
            close_range_of(first, (unsigned)kept[i] - 1);
        first = (unsigned)kept[i] + 1;
    }
    close_range_of(first, ~0U);
}

bool fd_make_pair(int *parents, int *childs)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    *parents = pair[0];
    *childs = pair[1];
    return true;
}

bool fd_send(int to, int number)
{
    return send(to, &number, sizeof(number), MSG_NOSIGNAL) == sizeof(number);
}

bool fd_receive(int from, int *number)
{
    return recv(from, number, sizeof(*number), 0) == sizeof(*number);
}

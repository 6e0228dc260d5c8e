#include "notify/inherited_fds.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

void inherited_fds_fill_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

void inherited_fds_drop_standard(int last)
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

void inherited_fds_close_others(int *kept, size_t count)
{
    unsigned first = STDERR_FILENO + 1;

    qsort(kept, count, sizeof(kept[0]), compare);
    for (size_t i = 0; i < count; i++) {
        if (first < (unsigned)kept[i])
            syscall(SYS_close_range, first, kept[i] - 1, 0);
        first = (unsigned)kept[i] + 1;
    }
    syscall(SYS_close_range, first, ~0U, 0);
}

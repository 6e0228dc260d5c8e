#include "notify/target_memory.h"

#include <unistd.h>

#include "linux/sys.h"
#include "notify/fd.h"

bool target_memory_open(struct target_memory *m, pid_t tid)
{
    char path[PROCFS_PATH_MAX];

    procfs_path(path, tid, "maps");
    if (!procfs_open_lines(&m->maps, path))
        return false;
    procfs_path(path, tid, "mem");
    m->fd = sys_open(path, O_RDWR);
    if (m->fd < 0)
        procfs_close_lines(&m->maps);
    return m->fd >= 0;
}

void target_memory_close(struct target_memory *m)
{
    procfs_close_lines(&m->maps);
    fd_close(&m->fd);
}

/* Reads the beginning of "7f00-7f10 rw-p ...", a line of maps. */
static bool parse(struct span line, uint64_t *first, uint64_t *end, bool *is_writable)
{
    struct span range = span_word(&line), access = span_word(&line);
    const char *dash = span_find(range, '-');

    *is_writable = span_size(access) > 1 && access.at[1] == 'w';
    return dash != NULL && procfs_number((struct span){range.at, dash}, 16, first) &&
           procfs_number((struct span){dash + 1, range.end}, 16, end);
}

/* /proc/PID/mem can be written where the process itself may not write. */
static bool is_writable(struct target_memory *m, const struct iovec there[2])
{
    uint64_t at[2], end[2], first, last;
    struct span line;
    bool may_write;

    for (int i = 0; i < 2; i++) {
        at[i] = (uintptr_t)there[i].iov_base;
        end[i] = at[i] + there[i].iov_len;
    }
    while ((at[0] < end[0] || at[1] < end[1]) && procfs_next_line(&m->maps, &line)) {
        if (!parse(line, &first, &last, &may_write))
            continue;
        for (int i = 0; i < 2; i++) {
            if (may_write && first <= at[i] && at[i] < last)
                at[i] = last;
        }
    }
    return at[0] >= end[0] && at[1] >= end[1];
}

static bool write_one(const struct target_memory *m, const struct iovec *here,
                      const struct iovec *there)
{
    off_t offset = (off_t)(uintptr_t)there->iov_base;
    return here->iov_len == 0 ||
           pwrite(m->fd, here->iov_base, here->iov_len, offset) == (ssize_t)here->iov_len;
}

bool target_memory_write(struct target_memory *m, const struct iovec here[2],
                         const struct iovec there[2])
{
    return is_writable(m, there) && write_one(m, &here[0], &there[0]) &&
           write_one(m, &here[1], &there[1]);
}

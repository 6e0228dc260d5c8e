/*
 * To find the process of a thread, and to open it, takes longer than anything else in a stopped
 * call. So both are cached. A pidfd fails once its process or thread has ended, even if the
 * number is in use again: the thread is then looked up again.
 *
 * Each thread of the supervisor has a cache, and a descriptor table, of its own.
 */
#include "notify/process.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "linux/procfs.h"
#include "linux/sys.h"

#ifndef PIDFD_THREAD /* Linux 6.9 */
#define PIDFD_THREAD O_EXCL
#endif

enum { CACHE_MAX = 128 };

struct entry {
    time_t named;           /* when the name was read: seconds of CLOCK_MONOTONIC_COARSE */
    struct process process; /* tid is 0 if the entry is unused */
    /* Whether the pidfd fails when the thread has ended: it is the thread's, or the process's if
       this is its first thread. */
    bool is_lasting;
    char name[16];
};

static _Thread_local struct entry cache[CACHE_MAX];
static unsigned cache_size = 1;

/* Leaves most of a small limit for other descriptors. */
void process_start(void)
{
    enum { OTHERS = 24, SHARE = 4 };
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > OTHERS + SHARE)
        cache_size =
            files.rlim_cur / SHARE < CACHE_MAX ? (unsigned)files.rlim_cur / SHARE : CACHE_MAX;
}

static bool is_full(int error)
{
    return error == EMFILE || error == ENFILE;
}

static void drop(struct entry *e)
{
    if (e->process.tid != 0)
        close(e->process.pidfd);
    e->process.tid = 0;
}

static void drop_all(void)
{
    for (size_t i = 0; i < CACHE_MAX; i++)
        drop(&cache[i]);
}

void process_end(void)
{
    drop_all();
}

/* The first thread of a process has the process's number. */
static bool try_open(struct entry *e, pid_t tid)
{
    struct process found = {.tid = tid, .pid = tid, .pidfd = sys_pidfd_open(tid, 0)};
    bool is_lasting = true;

    if (found.pidfd < 0 && !is_full(errno)) {
        uint64_t pid;
        if (!procfs_status(tid, "Tgid:", 10, &pid))
            return false;
        found.pid = (pid_t)pid;
        found.pidfd = sys_pidfd_open(tid, PIDFD_THREAD);
        is_lasting = found.pidfd >= 0;
        if (!is_lasting && !is_full(errno))
            found.pidfd = sys_pidfd_open(found.pid, 0);
    }
    if (found.pidfd < 0)
        return false;
    *e = (struct entry){.process = found, .is_lasting = is_lasting};
    return true;
}

/*
 * Returns the entry of a thread, or NULL with errno. Opens it again if `is_stale`. Drops all
 * entries if there are too few descriptors.
 */
static struct entry *find(pid_t tid, bool is_stale)
{
    struct entry *e = &cache[(unsigned)tid % cache_size];

    if (e->process.tid == tid && e->is_lasting && !is_stale)
        return e;
    drop(e);
    if (try_open(e, tid))
        return e;
    if (!is_full(errno))
        return NULL;
    drop_all();
    return try_open(e, tid) ? e : NULL;
}

const struct process *process_of(pid_t tid)
{
    struct entry *e = find(tid, false);
    return e != NULL ? &e->process : NULL;
}

int process_get_fd(pid_t tid, int fd)
{
    const struct entry *e = find(tid, false);
    int got = e != NULL ? sys_pidfd_getfd(e->process.pidfd, fd) : -1;

    if (e == NULL || got >= 0 || (errno != ESRCH && !is_full(errno)))
        return got;
    if (errno != ESRCH)
        drop_all();
    e = find(tid, true);
    return e != NULL ? sys_pidfd_getfd(e->process.pidfd, fd) : -1;
}

void process_name(const struct process *p, char name[16])
{
    struct entry *e = &cache[(unsigned)p->tid % cache_size];
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (e->name[0] == '\0' || e->named != now.tv_sec)
        procfs_name(e->process.pid, e->name);
    e->named = now.tv_sec;
    memcpy(name, e->name, sizeof(e->name));
}

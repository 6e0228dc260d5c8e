/*
 * To learn which process a thread belongs to, and to open it, costs more than all else
 * that a stopped call needs; so what was found is kept. A pidfd of a process or thread
 * that has ended is of no use to anybody, whoever has its number now: then all is found
 * anew.
 */
#include "notify/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "linux/port_owner.h"
#include "notify/uapi.h"

enum { PLACES = 128 };

struct known {
    time_t named;           /* when the name was read: seconds of CLOCK_MONOTONIC_COARSE */
    struct process process; /* tid is 0 where the place is free */
    char name[16];
    bool
        is_lasting; /* the pidfd is of this thread alone, or of its process, of which it is the first */
};

static struct known places[PLACES];
static unsigned usable = 1; /* of the places */

/* The rest of a small limit is for all else. */
void process_start(void)
{
    enum { OTHERS = 24, SHARE = 4 };
    struct rlimit files;
    bool is_known = getrlimit(RLIMIT_NOFILE, &files) == 0;

    if (is_known && files.rlim_cur > OTHERS + SHARE)
        usable = files.rlim_cur / SHARE < PLACES ? (unsigned)files.rlim_cur / SHARE : PLACES;
}

static bool is_full(int error)
{
    return error == EMFILE || error == ENFILE;
}

static int open_pidfd(pid_t pid, unsigned flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

bool process_status(pid_t tid, const char *name, int base, unsigned long long *number)
{
    char path[64], line[128];
    bool is_found = false;

    snprintf(path, sizeof(path), "/proc/%ld/status", (long)tid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        errno = is_full(errno) ? errno : ESRCH;
        return false;
    }
    while (!is_found && fgets(line, sizeof(line), file) != NULL) {
        is_found = strncmp(line, name, strlen(name)) == 0;
        if (is_found)
            *number = strtoull(line + strlen(name), NULL, base);
    }
    fclose(file);
    if (!is_found)
        errno = ESRCH;
    return is_found;
}

static void forget(struct known *k)
{
    if (k->process.tid != 0)
        close(k->process.pidfd);
    k->process.tid = 0;
}

static void forget_all(void)
{
    for (size_t i = 0; i < PLACES; i++)
        forget(&places[i]);
}

/* The first thread of a process has its number. */
static bool try_find(struct known *k, pid_t tid)
{
    struct process found = {.tid = tid, .pid = tid, .pidfd = open_pidfd(tid, 0)};
    bool is_lasting = true;

    if (found.pidfd < 0 && !is_full(errno)) {
        unsigned long long pid;
        if (!process_status(tid, "Tgid:", 10, &pid))
            return false;
        found.pid = (pid_t)pid;
        found.pidfd = open_pidfd(tid, PIDFD_THREAD);
        is_lasting = found.pidfd >= 0;
        if (!is_lasting && !is_full(errno))
            found.pidfd = open_pidfd(found.pid, 0);
    }
    if (found.pidfd < 0)
        return false;
    *k = (struct known){.process = found, .is_lasting = is_lasting};
    return true;
}

/* Where there are too few descriptors, those of others go. */
static bool find(struct known *k, pid_t tid)
{
    if (try_find(k, tid))
        return true;
    if (!is_full(errno))
        return false;
    forget_all();
    return try_find(k, tid);
}

/* Knows it anew if it is not known, or `is_stale`. */
static struct known *know(pid_t tid, bool is_stale)
{
    struct known *k = &places[(unsigned)tid % usable];
    bool is_it = k->process.tid == tid && k->is_lasting && !is_stale;

    if (is_it)
        return k;
    forget(k);
    return find(k, tid) ? k : NULL;
}

const struct process *process_of(pid_t tid)
{
    struct known *k = know(tid, false);
    return k != NULL ? &k->process : NULL;
}

static int get_fd(const struct known *k, int fd)
{
    return (int)syscall(SYS_pidfd_getfd, k->process.pidfd, fd, 0);
}

int process_get_fd(pid_t tid, int fd)
{
    const struct known *k = know(tid, false);
    int got = k != NULL ? get_fd(k, fd) : -1;

    if (k == NULL || got >= 0 || (errno != ESRCH && !is_full(errno)))
        return got;
    if (errno != ESRCH)
        forget_all();
    k = know(tid, true);
    return k != NULL ? get_fd(k, fd) : -1;
}

void process_name(const struct process *p, char name[16])
{
    struct known *k = &places[(unsigned)p->tid % usable];
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (k->name[0] == '\0' || k->named != now.tv_sec)
        port_owner_read_program(k->process.pid, k->name);
    k->named = now.tv_sec;
    memcpy(name, k->name, sizeof(k->name));
}

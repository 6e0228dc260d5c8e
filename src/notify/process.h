/* The processes whose calls are stopped. */
#ifndef NOTIFY_PROCESS_H
#define NOTIFY_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * One thread. Invariant: while `pidfd` can be used, it and `pid` are the process that the
 * thread `tid` belongs to.
 */
struct process {
    pid_t tid;
    pid_t pid;
    int pidfd;
};

/* For the supervisor, before it asks for its first process: how many it may keep open. */
void process_start(void);

/*
 * The process of a thread that is in a stopped call. Borrowed until the next call of this
 * function. NULL with errno where there is none any more: ESRCH, or EMFILE.
 */
const struct process *process_of(pid_t tid);

/*
 * A duplicate of the descriptor `fd` of a thread that is in a stopped call
 * (pidfd_getfd(2)), which is the caller's to close. -1 with errno: EBADF, EPERM where the
 * process does not let us (ptrace(2), "access mode checking"), ESRCH.
 */
int process_get_fd(pid_t tid, int fd);

/*
 * A number of /proc/TID/status (proc(5)), in `base`, behind `name`, which ends with its colon.
 * False with errno, and *number untouched, where it is not to be had: ESRCH, EMFILE.
 */
bool process_status(pid_t tid, const char *name, int base, unsigned long long *number);

/* The process's name, of the last second or so. */
void process_name(const struct process *p, char name[16]);

#endif

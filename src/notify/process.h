/* The processes whose calls are stopped. */
#pragma once

#include <sys/types.h>

/*
 * A thread, and the process that it belongs to. While `pidfd` works, `pid` is that process, and
 * `tid` its thread.
 */
struct process {
    pid_t tid;
    pid_t pid;
    int pidfd;
};

/* The supervisor calls it before the functions below: sets how many processes are kept open. */
void process_start(void);

/* Each thread that has called them calls it before it ends. */
void process_end(void);

/*
 * Returns the process of a thread that is in a stopped call, or NULL with errno: ESRCH if it has
 * ended, EMFILE or ENFILE. Borrowed until the next call of this function by the thread.
 */
const struct process *process_of(pid_t tid) __attribute__((warn_unused_result));

/*
 * Returns a duplicate, which the caller closes, of the descriptor `fd` of a thread that is in a
 * stopped call (pidfd_getfd(2)). -1 with errno: EBADF; EPERM if we may not access the process
 * (ptrace(2), "access mode checking"); ESRCH if it has ended; EMFILE or ENFILE.
 */
int process_get_fd(pid_t tid, int fd) __attribute__((warn_unused_result));

/* Copies the process's name, as it was a second ago at most. */
void process_name(const struct process *p, char name[16]);

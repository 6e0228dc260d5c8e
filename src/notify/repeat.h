/*
 * Calls that are begun again. Before Linux 5.19, any signal ends the wait for the supervisor's answer
 * (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV): the kernel then begins the call again, although it was made. So its
 * result is kept until then.
 *
 * These kernels may take an answer and drop it: the wait has ended, and the thread has not yet said so. So the
 * result is also kept if the thread has a signal before the answer. A signal in the microsecond
 * between is missed. Then, and if a program sends data, the call is made twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "notify/notification.h"

/* The supervisor calls it before the functions below. */
void repeat_start(void);

/* An answer that is about to be given. */
struct repeat {
    uint32_t inode; /* of the call's socket; 0 if the call cannot be begun again */
    bool has_signal;
};

/* Looks at the thread of a call before its answer is given, while its socket is open. */
void repeat_prepare(struct repeat *r, const struct notification *n);

/*
 * Keeps the result of a call, a negative errno if it failed, if the call may be begun again. The answer
 * came too late if `is_late`.
 */
void repeat_keep(const struct repeat *r, const struct notification *n, bool is_late, long result);

/*
 * Finds the result that is kept for a call with the same arguments by the same thread, and for its
 * socket, which is open in n->fd. It is kept no longer then.
 */
bool repeat_take(const struct notification *n, long *result) __attribute__((warn_unused_result));

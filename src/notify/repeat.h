/*
 * Calls that restart after a signal. Before Linux 5.19, any signal ends the wait for the supervisor's answer
 * (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV). The kernel then restarts the call, which the supervisor has already
 * made. So the result is kept for the restarted call.
 *
 * These kernels can also accept an answer and drop it, if a signal has ended the wait just before. So the
 * result is also kept if a signal is pending before the answer. A signal that arrives within the next
 * microsecond is missed: the call is then made twice. So is a call that has sent data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "notify/notification.h"

/* The supervisor calls it before the functions below. */
void repeat_start(void);

/* An answer that is about to be given. */
struct repeat {
    uint32_t inode; /* of the call's socket; 0 if the call cannot restart */
    bool has_signal;
};

/* Looks at the thread of a call before its answer is given, while its socket is open. */
void repeat_prepare(struct repeat *r, const struct notification *n);

/*
 * Keeps the result of a call, a negative errno if it failed, if the call may restart. With
 * `is_late`, the answer came too late.
 */
void repeat_keep(const struct repeat *r, const struct notification *n, bool is_late, long result);

/*
 * Finds the result that is kept for a call with the same arguments, by the same thread and on the same
 * socket, which is open in n->fd. Removes the result. Returns false if there is none.
 */
bool repeat_take(const struct notification *n, long *result) __attribute__((warn_unused_result));

/*
 * Calls that are begun again. Before Linux 5.19, any signal ends the wait for the supervisor's answer
 * (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV): the kernel then begins the call again, although it was made. So its
 * result is kept until then. A signal that comes just when the answer does (a race of these kernels) is
 * not seen here: then the call is made twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "notify/notification.h"

/* The supervisor calls it before the functions below. */
void repeat_start(void);

/* Returns whether a call can be begun again on this kernel. */
bool repeat_is_possible(void);

/*
 * Keeps the result of a call on the socket of that inode, whose answer came too late. The result is
 * a negative errno if it failed.
 */
void repeat_keep(const struct notification *n, uint32_t inode, long result);

/*
 * Finds the result that is kept for a call with the same arguments by the same thread, and for its
 * socket, which is open in n->fd. It is kept no longer then.
 */
bool repeat_take(const struct notification *n, long *result) __attribute__((warn_unused_result));

/* The process that waits for the command, and ends as it does. */
#ifndef NOTIFY_FRONT_H
#define NOTIFY_FRONT_H

#include <sys/types.h>

/*
 * Waits for a supervisor, which `control` leads to, to start its command, lets it go on,
 * and waits for its end; sends on to it what signals come. The caller is a subreaper
 * (prctl(2)), and has all signals blocked. Returns 0 with the status of waitpid(2), 1 as an
 * exit status where nobody is left who knows it; or, where nothing was started, a
 * negative errno: the supervisor then is still to be waited for, and `control` to be closed. Keeps no standard input and output, nor what else was inherited.
 */
int front_wait(pid_t supervisor, int control, int *status);

/* Ends this process as the command ended: with its exit status, or by the same signal. */
_Noreturn void front_end_as(int status);

#endif

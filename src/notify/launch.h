/* Starting a tree under the notify engine, and being there for whoever waits for it. */
#ifndef NOTIFY_LAUNCH_H
#define NOTIFY_LAUNCH_H

#include <stdbool.h>

/* `command` is called in the process that is to become the command; what it returns is that's exit status. */
struct launch {
    int (*command)(void *data);
    void *data;
    bool datagrams; /* sendto is stopped too */
};

/*
 * Starts the command in a tree of its own, stays until it has ended, and sends on to
 * it what signals come. Returns 0 with the status of waitpid(2), or, where the engine cannot
 * be had, and then nothing was started, a negative errno: EBUSY in a tree that has a
 * supervisor already, ENOSYS or EINVAL where the kernel has no such thing, EPERM where it
 * may not be used, EAGAIN, EMFILE, ENFILE or ENOMEM where a limit is met, ECHILD where
 * somebody killed one of the processes that it takes. The process is left with all signals blocked, and with no standard input
 * and output.
 */
int launch_run(const struct launch *l, int *status);

#endif

/* Starts a command under the notify engine. */
#pragma once

#include <stdbool.h>

struct launch {
    /* Runs in the process that becomes the command. Its return value is the exit status. */
    int (*command)(void *data);
    void *data;
    bool datagrams; /* sendto is stopped, too */
};

/*
 * Starts the command in a tree of its own, forwards signals to it, and ends this process as it
 * ends. Returns a negative errno if the engine cannot be used: EBUSY if this tree already has a
 * seccomp listener, ENOSYS or EINVAL if the kernel lacks something, EPERM if that is not allowed,
 * EAGAIN, EMFILE, ENFILE or ENOMEM at a limit, ECHILD if one of the engine's processes was killed.
 * The command was not started then.
 */
__attribute__((warn_unused_result)) int launch_run(const struct launch *l);

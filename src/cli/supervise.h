/* Running a command under the notify engine, and saying why it cannot be had. */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include <stdbool.h>

/* What to execute: the program at `path`; or, where that is NULL, argv[0] along PATH. */
struct supervise {
    const char *path;
    char **argv;
    bool datagrams;
};

/*
 * Runs the command and ends this process as it ends. Returns only where the engine cannot
 * be had: a negative errno, as of launch_run. Nothing was started then.
 */
int supervise_run(const struct supervise *s);

/* Becomes the command. Returns the exit status to end with, after a message, where that cannot be. */
int supervise_become(const struct supervise *s);

#endif

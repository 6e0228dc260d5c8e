/* Starting a command: choosing its engine, and running it. */
#ifndef CLI_START_H
#define CLI_START_H

#include <stdbool.h>

struct start {
    const char *path; /* the program; NULL: look for argv[0] along PATH */
    char **argv;
    bool is_notify;
    bool datagrams; /* with notify, sendto is stopped too */
};

/*
 * Examines the command, and sets `path` and `is_notify`. `engine` is the value of --engine, or
 * NULL for auto. Returns STATUS_OK; or STATUS_UNAVAILABLE, after a message, if no engine catches
 * the command. A command that cannot be executed is left to start_exec, which says why. With
 * preload, a command that only notify catches is run after a warning: it may start others.
 * `path` is valid until the next call.
 */
__attribute__((warn_unused_result)) int start_choose(struct start *s, const char *engine,
                                                     const char *command);

/*
 * Runs the command under the notify engine, and ends this process as the command ends. Returns
 * only if the engine is not available: a negative errno, as launch_run. Nothing was started then.
 */
__attribute__((warn_unused_result)) int start_notify(const struct start *s);

/* Prints why start_notify failed; `outcome` says what happens to the command, or is "". */
void start_explain(const char *command, int failure, const char *outcome);

/* Becomes the command. Returns an exit status, after a message, if that fails. */
__attribute__((warn_unused_result)) int start_exec(const struct start *s);

#endif

/* Becoming a command, under the engine that catches it: what run and enter share. */
#pragma once

#include <stdbool.h>

#include "program/verdict.h"

struct start {
    char **argv;      /* of the command */
    const char *path; /* the program; NULL if it cannot be executed, as far as can be seen */
    const struct config *config; /* NULL if LD_PRELOAD has the library already */
    bool is_notify;
    bool datagrams;         /* with notify, sendto is stopped, too */
    struct program program; /* at the last file that was examined */
    struct verdict verdict;
};

/*
 * Examines the command, and fills in all but argv and `datagrams`. `engine` is the value of
 * --engine. Returns STATUS_OK; or STATUS_UNAVAILABLE, after a message, if no engine catches the
 * command. A command that cannot be executed is left to start_exec, which says why. With preload, a
 * command that only notify catches is run after a warning: it may start others.
 */
int start_choose(struct start *s, const char *engine, const char *command);

/* Becomes the command. Returns an exit status, after a message, if that fails. */
int start_exec(const struct start *s);

/* Runs the command under the notify engine, and does not return, or returns as launch_run. */
int start_notify(struct start *s);

/* Prints why start_notify failed; `outcome` says what happens to the command, or is "". */
void start_explain(const char *command, int failure, const char *outcome);

/*
 * Returns STATUS_OK if the command can be started, as far as can be seen; else the exit status that
 * it will fail with, after a message.
 */
int start_try(const struct start *s);

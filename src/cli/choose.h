/* Which engine a command is run under. */
#ifndef CLI_CHOOSE_H
#define CLI_CHOOSE_H

#include <stdbool.h>

/* What --engine says. */
enum choose_wish {
    CHOOSE_AUTO,
    CHOOSE_PRELOAD,
    CHOOSE_NOTIFY,
};

/* What the value of --engine wishes; NULL stands for "auto". */
enum choose_wish choose_wish(const char *word);

/* `path` is what is to be executed; NULL where nothing that can be was found. */
struct choice {
    bool is_notify;
    const char *path; /* belongs to choose.c */
};

/*
 * Looks at the command, and chooses. Returns STATUS_OK with *c filled in, or
 * STATUS_UNAVAILABLE, after a message, where no engine catches it. A command that cannot be
 * executed is left to exec, which says why; one that preload, though wished for, does not
 * catch, is complained of, and run: it may start others.
 */
int choose_engine(enum choose_wish wish, const char *command, struct choice *c);

/*
 * Complains that the notify engine, which `command` needs or was to have, cannot be had:
 * `failure` is what supervise_run returned. `then` says what becomes of the command, or is "".
 */
void choose_complain_of_engine(const char *command, int failure, const char *then);

#endif

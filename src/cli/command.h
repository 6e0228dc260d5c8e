/* A command of `remap`, as data: its options, help and handler. main.c lists them all. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <limits.h>

#include "cli/option.h"

/* Exit statuses, from sysexits(3) and, for the last two, env(1). */
enum {
    STATUS_OK = 0,
    STATUS_NO = 1,
    STATUS_USAGE = 64,
    STATUS_UNAVAILABLE = 69,
    STATUS_BAD_TABLE = 78,
    STATUS_CANNOT_RUN = 126,
    STATUS_NOT_FOUND = 127,
};

enum { COMMAND_ANY_NUMBER = INT_MAX };

/*
 * `options` may be NULL: the command then gets its arguments unparsed. Otherwise `main` gets the
 * operands alone. It is called with the command's name as argv[0], and returns the exit status.
 */
struct command {
    const char *name;
    const char *arguments; /* the operands, for the usage line; NULL if none */
    const char *summary;   /* a line for the list of commands; NULL hides the command */
    const char *details;   /* the end of the help; NULL if none */
    const struct option_spec *options;
    unsigned min_operands, max_operands;
    bool takes_command; /* the first operand ends the options: what follows belongs to it */
    int (*main)(int argc, char **argv);
};

extern const struct command run_command;
extern const struct command enter_command;
extern const struct command check_command;
extern const struct command ps_command;
extern const struct command port_command;
extern const struct command doctor_command;
extern const struct command redirect_command;
extern const struct command export_command;
extern const struct command help_command;

#endif

/* A command of `remap`: its name, usage and handler in one place; main.c has the list of them. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

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

/*
 * `arguments` follow the name in the usage line; `summary` is a line for the
 * list of commands, or NULL for one that people do not call; `details` is the rest of the help, or "". `main` gets the
 * arguments with the command's name as argv[0], and returns the exit status.
 */
struct command {
    const char *name;
    const char *arguments;
    const char *summary;
    const char *details;
    int (*main)(const struct command *self, int argc, char **argv);
};

/* All commands, ended by NULL. */
extern const struct command *const command_list[];

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

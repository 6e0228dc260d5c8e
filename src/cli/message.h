/* What `remap` says: "remap: what went wrong: what to do about it", to stderr. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "cli/command.h"
#include "core/diag.h"

/* Prints "remap: ", the formatted message and a newline. */
__attribute__((format(printf, 1, 2))) void message_print(const char *format, ...);

/*
 * From now on puts messages into a text, a line for each and without "remap: "; with NULL, prints
 * them again. The text is the caller's.
 */
void message_capture(struct text *t);

/* Prints a fault of the configuration, with the text and a caret. */
void message_diag(const struct diag *d);

/*
 * Complains of the option that getopt_long(3) has just refused, `argv` being its. Returns
 * STATUS_USAGE.
 */
int message_bad_option(const struct command *command, int refused, char **argv);

/* Complains that there is no memory. Returns STATUS_UNAVAILABLE. */
int message_no_memory(void);

/* Complains of a name that no run can have. Returns STATUS_USAGE. */
int message_bad_name(const char *name);

#endif

/* Messages to stderr: "remap: what went wrong: what to do", the remedy where it is not obvious. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "cli/command.h"
#include "core/diag.h"

/* A longer message is cut. */
enum { MESSAGE_MAX = 4 * PATH_MAX };

/* Prints "remap: ", the formatted message and a newline. */
__attribute__((format(printf, 1, 2))) void message_print(const char *format, ...);

/*
 * Appends each further message to the text instead, as a line without "remap: "; with NULL, prints
 * messages again. The text stays the caller's.
 */
void message_capture(struct text *t);

/* Prints an error in the configuration, with its line and a caret. */
void message_diag(const struct diag *d);

#endif

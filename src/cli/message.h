/* Messages to stderr: "remap: what went wrong: what to do", the remedy where it is not obvious. */
#pragma once

#include "cli/command.h"
#include "core/diag.h"

/* A longer message is cut. */
enum { MESSAGE_MAX = 4 * PATH_MAX };

/*
 * Prints "remap: ", the formatted message and a newline. What is not printable, of an argument or a
 * file's name for example, becomes '?' (text_printable).
 */
__attribute__((format(printf, 1, 2))) void message_print(const char *format, ...);

/* Prints likewise, and ends the program. */
_Noreturn __attribute__((format(printf, 2, 3))) void message_die(int status, const char *format,
                                                                 ...);

/* Keeps messages, instead of printing them, until message_release, which returns the last one. */
void message_hold(void);
const char *message_release(void);

/* Prints an error in the configuration, with its line and a caret. */
void message_diag(const struct diag *d);

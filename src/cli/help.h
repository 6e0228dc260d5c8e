/* The help text of one command. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

/* Prints usage, summary and details to stdout. Returns STATUS_OK. */
int help_print(const struct command *command);

#endif

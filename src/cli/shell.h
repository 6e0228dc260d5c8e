/* Text that a shell reads. */
#pragma once

#include <stdbool.h>

enum shell {
    SHELL_SH, /* and bash, dash, ksh, zsh */
    SHELL_FISH,
};

/* Prints a command that sets and exports a variable, or removes it if `value` is NULL. */
void shell_print_variable(enum shell shell, const char *name, const char *value);

/* Prints a command with its arguments, for sh. */
void shell_print_command(const char *path, char *const arguments[]);

/* The first line of a script: what it is executed by. */
#ifndef CLI_SCRIPT_H
#define CLI_SCRIPT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { SCRIPT_LINE_MAX = 256 }; /* BINPRM_BUF_SIZE: what the kernel reads of a script */

struct script_line {
    char interpreter[SCRIPT_LINE_MAX];
    char argument[SCRIPT_LINE_MAX]; /* all of the rest: one argument, or "" */
};

/*
 * Takes the beginning of a file apart as the kernel does (binfmt_script.c). False where it
 * is no script: no "#!", no interpreter, or one whose name does not end within `buf`.
 */
bool script_parse(const char *buf, size_t size, struct script_line *line);

/* Whether a program is env(1), by its name. */
bool script_is_env(const char *path);

/*
 * What env is told to execute by its one argument: a name, or with -S a line of words.
 * False, with `name` of no meaning, where that cannot be told, or needs a shell's care.
 */
bool script_name_for_env(const char *argument, char name[PATH_MAX]);

#endif

/* The first line of a script: its interpreter. */
#ifndef PROGRAM_SCRIPT_H
#define PROGRAM_SCRIPT_H

#include <stdbool.h>

enum { SCRIPT_HEAD = 256 }; /* BINPRM_BUF_SIZE: what the kernel reads of a file */

/* Both are strings in the head of the script. */
struct script_line {
    char *interpreter;
    char *argument; /* the rest, which is one argument, or "" */
};

/*
 * Splits the head of a file, with zeros behind its end, as the kernel does (load_script in
 * fs/binfmt_script.c). Writes to `head`. Returns false if the file is not a script: it has no "#!",
 * or no interpreter, or the name of the interpreter does not end within the head.
 */
bool script_parse(char head[SCRIPT_HEAD], struct script_line *line);

/* Returns whether a program is env(1), by its name. */
bool script_is_env(const char *path);

/* What env executes. */
struct script_env {
    const char *name;
    bool is_cleaned; /* PATH is not set for it (-i) */
};

/*
 * Takes what env executes from its argument: a name, or a line of words with -S. Writes to
 * `argument`. Returns false if there is no name, or if it takes more than splitting words to know.
 */
bool script_read_env(char *argument, struct script_env *env);

#endif

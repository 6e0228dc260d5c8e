/* What a command will run, file by file. */
#pragma once

#include <stdbool.h>

#include "program/elf.h"
#include "program/path.h"
#include "program/privilege.h"

enum {
    PROGRAM_HEAD = 256, /* BINPRM_BUF_SIZE: what the kernel reads of a file */
    PROGRAM_FILES_MAX = 12,
    PROGRAM_SCRIPTS_MAX = 5, /* the one that is executed, and four interpreters (Linux 6.18) */
};

/* How the file comes to be used. */
enum program_role {
    PROGRAM_COMMAND,
    PROGRAM_INTERPRETER, /* named after "#!" */
    PROGRAM_BY_ENV,      /* executed by env, which is the interpreter: "#!/usr/bin/env python3" */
    PROGRAM_BY_SHELL,    /* the shell, for a file of no format that the kernel knows (execvp(3)) */
};

enum program_kind {
    PROGRAM_ELF, /* `elf` tells more */
    PROGRAM_SCRIPT,
    PROGRAM_UNREADABLE, /* may be executed, but not read */
    PROGRAM_BROKEN,     /* begins as ELF files do, but makes no sense */
    PROGRAM_TEXT,       /* anything else: the kernel does not execute it, the shell does */
};

/* A way along the files. It fits on the stack of a signal handler: 1.5 KB. */
struct program {
    /* The file that it is at. */
    const char *path;
    enum program_role role;
    enum program_kind kind;
    struct elf elf;
    struct privilege privilege; /* of a file that is executed: Linux ignores that of a script */
    /*
     * 0, or the error of execve(2): as far as can be seen, the file cannot be executed. Then it is
     * the last one; with `is_about_loader` the error is about its loader. ELOOP may also come
     * behind the last file, for too many scripts.
     */
    int error;
    bool is_about_loader;
    int count; /* of files so far */

    /* Where it goes on. */
    const char *next;
    enum program_role next_role;
    int scripts;                  /* since something was executed */
    char *interpreter, *argument; /* of the last script, in its head; "" for no argument */
    const char *folders;          /* PATH */
    char *found;                  /* what was found along it */
    char head[2][PROGRAM_HEAD];   /* of the last script, and of the file after it */
    int turn;
};

/*
 * Begins with what execve(2) of `path` executes: the file and its interpreters. Neither is PATH
 * searched, nor does the shell come in.
 */
void program_begin(struct program *p, const char *path);

/*
 * Begins with what execvp(3) of `command` executes, and what env or the shell executes for it. What
 * is found along PATH is written to `found`.
 */
void program_begin_command(struct program *p, const char *command, char found[PATH_FOUND_MAX]);

/*
 * Goes to the next file. Returns false at the end. Files may be anything, also hostile; `path`
 * may be bad, for which `error` is EFAULT. Changes errno.
 */
bool program_next(struct program *p);

/* Returns whether the file is itself executed, rather than read by something else. */
static inline bool program_is_executed(const struct program *p)
{
    return p->kind != PROGRAM_SCRIPT && p->kind != PROGRAM_TEXT;
}

/*
 * Returns 0 if this process may execute the file, whatever its content is; else the error of
 * execve(2). Sets *st to what PRIVILEGE_MASK asks for. Keeps errno.
 */
int program_try(const char *path, struct statx *st);

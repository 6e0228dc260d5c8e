/* What a command will run. Nothing here prints. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/image.h"
#include "cli/privilege.h"
#include "core/text.h"

enum {
    PROGRAM_FILES_MAX = 12,
    PROGRAM_SCRIPTS_MAX = 5, /* one that is executed, and four as its interpreters (Linux 6.18) */
};

/* How it came to a file. */
enum program_role {
    PROGRAM_COMMAND,
    PROGRAM_INTERPRETER, /* named behind "#!" */
    PROGRAM_BY_ENV,      /* what env is told to execute there: "#!/usr/bin/env python3" */
    PROGRAM_BY_SHELL,    /* the shell, for what the kernel has no format for (execvp(3)) */
};

enum program_kind {
    PROGRAM_ELF, /* `image` tells more */
    PROGRAM_SCRIPT,
    PROGRAM_UNREADABLE, /* may be executed, but not read */
    PROGRAM_BROKEN,     /* begins as ELF files do, but makes no sense */
    PROGRAM_TEXT,       /* anything else: the shell gets it */
};

struct program_file {
    char path[PATH_MAX];
    enum program_role role;
    enum program_kind kind;
    struct image image;
    struct privilege privilege; /* of what is executed: a script's own bits mean nothing on Linux */
};

/* Whether it can be executed, as far as can be seen; if not, it is about the last file. */
enum program_state {
    PROGRAM_FOUND,
    PROGRAM_MISSING,
    PROGRAM_DENIED,    /* no permission, a folder, or on a mount with noexec */
    PROGRAM_NO_LOADER, /* the loader that it names is not there, or cannot be executed */
    PROGRAM_TOO_DEEP,  /* too many interpreters that are scripts, or scripts that call each other */
};

/* The command's own file first, then each that comes to be executed by it. */
struct program {
    enum program_state state;
    size_t count;
    struct program_file file[PROGRAM_FILES_MAX];
};

/* Whether the file is what gets executed in the end, rather than read by something else. */
static inline bool program_is_executed(const struct program_file *file)
{
    return file->kind != PROGRAM_SCRIPT && file->kind != PROGRAM_TEXT;
}

/*
 * Looks at what execvp(3) would do with `command`: along PATH where it has no slash. True
 * if it can be executed, as far as can be seen. *p is filled in anyhow, with one file at least.
 * Files may be anything, also hostile.
 */
bool program_look(const char *command, struct program *p);

/* Appends what a file is, as "'/bin/sh': x86-64, 64 bits, dynamic, by /lib64/ld-linux-x86-64.so.2". */
void program_file_text(const struct program_file *file, struct text *t);

/* Each appends what is wrong where it cannot be executed, and the way out. */
void program_fault_text(const struct program *p, struct text *t);
void program_fault_way_out(const struct program *p, struct text *t);

#endif

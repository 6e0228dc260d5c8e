/* What a command will run, and which engine catches it. Nothing here prints. */
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

/*
 * Looks at what execvp(3) would do with `command`: along PATH where it has no slash. True
 * if it can be executed, as far as can be seen. *p is filled in anyhow, with one file at least.
 * Files may be anything, also hostile.
 */
bool program_look(const char *command, struct program *p);

enum program_engine {
    PROGRAM_PRELOAD,
    PROGRAM_NOTIFY,
    PROGRAM_NEITHER,
};

enum program_reason {
    PROGRAM_IS_DYNAMIC, /* with glibc, of our kind: preload */
    PROGRAM_IS_NOT_EXECUTED,
    PROGRAM_IS_UNREADABLE,
    PROGRAM_IS_BROKEN,
    PROGRAM_IS_STATIC, /* from here on: notify */
    PROGRAM_IS_GO,
    PROGRAM_IS_MUSL,
    PROGRAM_IS_OTHER_LIBC,
    PROGRAM_IS_WITHOUT_LIBC,
    PROGRAM_IS_32_BIT,
    PROGRAM_IS_CAPABLE_IN_VAIN,
    PROGRAM_IS_SET_UID, /* from here on: neither */
    PROGRAM_IS_SET_GID,
    PROGRAM_IS_CAPABLE,
    PROGRAM_IS_X32,
    PROGRAM_IS_FOREIGN,
};

/* `file` is the one that decides, and belongs to the struct program. */
struct program_verdict {
    enum program_engine engine;
    enum program_reason reason;
    const struct program_file *file;
};

/*
 * Which engine catches all files that will run: neither, where one of them is beyond both;
 * notify, where one needs it; else preload. What is unknown, and what cannot be executed, is
 * for preload: to try it, and to have execve(2) say what is wrong. Whether notify can be had
 * here is another question (notify/support.h).
 */
struct program_verdict program_engine(const struct program *p);

/* Appends why, as "'./server' is set-user-ID: the loader drops LD_PRELOAD". */
void program_reason_text(const struct program_verdict *v, struct text *t);

/* Appends the way out, as "use --engine notify"; nothing where none is needed. */
void program_way_out(const struct program_verdict *v, struct text *t);

/* Appends what a file is, as "'/bin/sh': x86-64, 64 bits, dynamic, by /lib64/ld-linux-x86-64.so.2". */
void program_file_text(const struct program_file *file, struct text *t);

/* Each appends what is wrong where it cannot be executed, and the way out. */
void program_fault_text(const struct program *p, struct text *t);
void program_fault_way_out(const struct program *p, struct text *t);

#endif

/* Which engine catches what a command will run. Nothing here prints. */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include "cli/program.h"
#include "core/text.h"

enum verdict_engine {
    VERDICT_PRELOAD,
    VERDICT_NOTIFY,
    VERDICT_NEITHER,
};

enum verdict_reason {
    VERDICT_IS_DYNAMIC, /* with glibc, of our kind: preload */
    VERDICT_IS_NOT_EXECUTED,
    VERDICT_IS_UNREADABLE,
    VERDICT_IS_BROKEN,
    VERDICT_IS_STATIC, /* from here on: notify */
    VERDICT_IS_GO,
    VERDICT_IS_MUSL,
    VERDICT_IS_OTHER_LIBC,
    VERDICT_IS_WITHOUT_LIBC,
    VERDICT_IS_32_BIT,
    VERDICT_IS_CAPABLE_IN_VAIN,
    VERDICT_IS_SET_UID, /* from here on: neither */
    VERDICT_IS_SET_GID,
    VERDICT_IS_CAPABLE,
    VERDICT_IS_X32,
    VERDICT_IS_FOREIGN,
};

/* `file` is the one that decides, and belongs to the struct program. */
struct verdict {
    enum verdict_engine engine;
    enum verdict_reason reason;
    const struct program_file *file;
};

/*
 * Which engine catches all files that will run: neither, where one of them is beyond both;
 * notify, where one needs it; else preload. What is unknown, and what cannot be executed, is
 * for preload: to try it, and to have execve(2) say what is wrong. Whether notify can be had
 * here is another question (notify/support.h).
 */
struct verdict verdict_of(const struct program *p);

/* Appends why, as "'./server' is set-user-ID: the loader drops LD_PRELOAD". */
void verdict_reason_text(const struct verdict *v, struct text *t);

/* Appends the way out, as "use --engine notify"; nothing where none is needed. */
void verdict_way_out(const struct verdict *v, struct text *t);

#endif

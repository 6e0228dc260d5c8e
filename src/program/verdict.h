/* Which engine catches what a command will run. */
#pragma once

#include "program/program.h"

enum verdict_engine {
    VERDICT_PRELOAD,
    VERDICT_NOTIFY,
    VERDICT_NEITHER,
};

enum verdict_reason {
    VERDICT_IS_DYNAMIC, /* with glibc, of our kind: preload */
    VERDICT_IS_MUSL_TAKEN,
    VERDICT_IS_NOT_EXECUTED,
    VERDICT_IS_UNREADABLE,
    VERDICT_IS_BROKEN,
    VERDICT_IS_STATIC, /* from here on: notify */
    VERDICT_IS_GO,
    VERDICT_IS_PASCAL,
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

/* What the loaders of other programs than those of our own kind do with the library. */
struct verdict_loaders {
    bool has_32_bit; /* 32-bit programs are given one of their own */
    bool takes_musl; /* that of the file, if it is one of musl, takes the library */
};

/*
 * The verdict on some files: neither, if one of them is beyond both engines; notify, if one needs
 * it; else preload. What is unknown, and what cannot be executed, is for preload: execve(2) then
 * says what is wrong. Whether notify is available here is another question (notify/support.h).
 */
struct verdict {
    struct verdict_loaders loaders; /* set by the caller */
    enum verdict_engine engine;
    enum verdict_reason reason;
    /* Of the file that decides: */
    uint16_t machine;
    bool may_bind;
    char *path; /* PATH_FOUND_MAX bytes of the caller's, or NULL */
};

/*
 * Returns whether a file is a dynamic program of musl: its loader may take the library. The
 * caller then finds that out, and sets takes_musl.
 */
bool verdict_needs_loader(const struct program *p);

/* Adds the file that *p is at to the verdict, which may be all zeros but for what is set by the caller. */
void verdict_add(struct verdict *v, const struct program *p);

/*
 * Returns which engine catches what execve(2) of the path executes, and sets *error: 0, or the error
 * that execve will fail with, as of struct program. The path may be bad. Writes to nothing but the
 * stack, and takes 4 KB of it at most. Keeps errno.
 */
enum verdict_engine verdict_of_exec(const char *path, struct verdict_loaders loaders, int *error);

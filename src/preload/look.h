/*
 * A look at a program before it is executed: whether the loader would preload this library
 * into it. It is a cheap one, of a few system calls; `remap enter` then looks closely.
 */
#ifndef PRELOAD_LOOK_H
#define PRELOAD_LOOK_H

#include <limits.h>
#include <stdbool.h>

/*
 * Whether the file is a program that this user may start, and that this library would not be
 * in: one that is static, of another class (32-bit), of another loader (musl's), or written
 * in Go, whose system calls are raw ones; or a script whose interpreter is such a one.
 *
 * False where there is a doubt, since the kernel then is to be the judge: the file cannot be
 * read, is set-user-ID or set-group-ID, is for another machine, or no program at all. Keeps
 * errno.
 */
bool look_passes_by(const char *path);

/* Whether the file is one that this user may execute, whatever is in it. Keeps errno. */
bool look_is_program(const char *path);

/*
 * Writes the absolute path of the file that execveat(2) would take to `path`. False where it
 * has none by which it can be found again, or where a flag says more than AT_EMPTY_PATH.
 * Keeps errno.
 */
bool look_name(int folder, const char *file, int flags, char path[PATH_MAX]);

#endif

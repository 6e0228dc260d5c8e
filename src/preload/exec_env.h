/*
 * The environment of a program that is about to be executed. What keeps the program in the
 * tree is put back if it is missing. So servers that clean the environment of their children
 * (postfix, dovecot, nginx's USR2) need no configuration.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

/*
 * An array of strings is copied to the stack, which may be that of a thread: 256 KB at most. The
 * kernel takes some more strings if they are short (execve(2), 'Limits on size of arguments and
 * environment').
 */
enum { EXEC_ENV_MAX = 32768 };

/*
 * Counts the strings of an array that ends with NULL. A NULL array is empty, as for the kernel.
 * Returns false if it cannot be read or has more than EXEC_ENV_MAX. Keeps errno.
 */
bool exec_env_count(char *const list[], size_t *count) __attribute__((warn_unused_result));

struct exec_env {
    char *const *given; /* the caller's, which is not written to; NULL counts as empty */
    size_t count;
    const char *value[CONFIG_KEYS]; /* of its variables; NULL if not set */
    const char *preload;            /* its LD_PRELOAD, or "" */
    /* What is missing in it: */
    bool lacks[CONFIG_OWN_KEYS];
    bool lacks_preload;
    size_t size; /* the memory that exec_env_build needs; 0 if nothing is missing */
};

/*
 * Reads an environment. Returns false if the program must get it unchanged:
 *
 * - This process was not preloaded by LD_PRELOAD, or it gained privileges (AT_SECURE).
 * - REMAP_EXEC is inherit, in the environment or else at start.
 * - This process cannot read the library: its root changed, or its user. The loader would only
 *   complain.
 * - The environment cannot be read, or has more than EXEC_ENV_MAX variables. The kernel
 *   decides what becomes of it.
 *
 * Allocates nothing, takes no lock, and writes to *e only. Keeps errno.
 */
bool exec_env_read(struct exec_env *e, char *const envp[]) __attribute__((warn_unused_result));

/*
 * Makes the complete environment in `memory`, which is aligned for pointers and has room for
 * e->size bytes. It shares the strings of the given one. Put back are:
 *
 * - LD_PRELOAD with this library first, if no library of its name is in it.
 * - The REMAP variables, as they were at start, if they are not set. A relative path becomes
 *   absolute. REMAP stays away if REMAP_FILE differs: the caller wants another table.
 * - REMAP_STATE with the folder of this process, if a different XDG_RUNTIME_DIR would lead to
 *   another registry. Opens the registry to check it.
 * - REMAP_FILE with the file of the home folder, if XDG_CONFIG_HOME or HOME do not lead to it
 *   any more.
 *
 * Keeps errno.
 */
char *const *exec_env_build(const struct exec_env *e, void *memory);

/*
 * Returns the path of the `remap` that starts programs which cannot be preloaded: REMAP_RUN
 * in the environment or else at start. NULL if there is none, or if this is that `remap`: it has
 * checked the program that it executes.
 */
const char *exec_env_run(const struct exec_env *e);

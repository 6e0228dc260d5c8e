/*
 * The environment of a program that is about to be executed. Where it has lost what makes
 * the program part of the tree, that is put back; so servers that clean the environment
 * of their children (postfix, dovecot, nginx's USR2) need not be told to let it pass.
 */
#ifndef PRELOAD_EXEC_ENV_H
#define PRELOAD_EXEC_ENV_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

struct exec_env {
    char *const *given; /* belongs to the caller, is never written to; NULL for none */
    size_t count;
    const char *value[CONFIG_KEYS]; /* in it; NULL where it is not */
    const char *preload;            /* LD_PRELOAD in it, or "" */
    /* What it needs: */
    bool put[CONFIG_KEYS]; /* as they were at start */
    bool put_preload;
    bool find_state; /* REMAP_STATE, since XDG_RUNTIME_DIR is another */
    bool find_table; /* REMAP_FILE, since XDG_CONFIG_HOME or HOME is */
};

/*
 * Looks an environment through. False where the program is to have what it was given:
 *
 * - This process was not preloaded by LD_PRELOAD, or gained privileges (AT_SECURE).
 * - REMAP_EXEC is inherit, in that environment, or at start.
 * - The library is not to be seen from here, since the root is another or the user may not.
 *   The loader would only complain.
 * - The environment cannot be read, or is larger than STRING_ARRAY_MAX: for the kernel to judge.
 *
 * No malloc, no lock; writes to nothing but *k. Keeps errno.
 */
bool exec_env_read(struct exec_env *k, char *const envp[]);

/* How much memory exec_env_build needs; 0 where nothing is missing. */
size_t exec_env_size(const struct exec_env *k);

/*
 * Makes an environment in `memory`, which has room for exec_env_size bytes and is aligned for
 * pointers, out of the strings that were given and what was lost:
 *
 * - LD_PRELOAD with this library in front of what it has; unless a library of that name is
 *   in it.
 * - The REMAP variables as they were at start. One that is there with another value is what
 *   the caller wants. But REMAP_FILE is another source of the table: where that is another,
 *   REMAP stays away. A relative path that was there at start is replaced by an absolute one.
 * - REMAP_STATE, where another XDG_RUNTIME_DIR would lead to another registry: the folder
 *   that this process uses. Opens the registry to know.
 * - REMAP_FILE, where the table is that of a home folder which XDG_CONFIG_HOME or HOME do
 *   not lead to any more.
 *
 * Changes errno.
 */
char *const *exec_env_build(const struct exec_env *k, void *memory);

/*
 * The path of the `remap` that starts programs which cannot be preloaded (REMAP_RUN), as
 * the environment or else the start has it; NULL where there is none.
 */
const char *exec_env_run(const struct exec_env *k);

#endif

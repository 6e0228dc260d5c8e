/*
 * A grant: processes in a cgroup, and below it, may bind privileged ports. It consists of a program
 * at each hook for bind(2), known by its name, and an extended attribute of the cgroup's folder, which
 * has the ports as text. Everyone can read the attribute, and only root can write it. All go with the
 * cgroup.
 *
 * The attribute is set last and removed first: a grant that has one is complete.
 */
#pragma once

#include <stdbool.h>

#include "core/table.h"

enum { CGROUP_GRANT_HOOKS = 2, CGROUP_GRANT_LOG_SIZE = 16384 };

/* The programs that are loaded. Descriptors; -1: none. */
struct cgroup_grant {
    int program[CGROUP_GRANT_HOOKS];
};

/*
 * Loads the programs for the ports that the rules match. Returns false, with errno and the verifier's
 * messages, if the kernel rejects them. They are closed at the end of this process.
 */
bool cgroup_grant_load(struct cgroup_grant *g, const struct table *ports,
                       char log[CGROUP_GRANT_LOG_SIZE]);

/*
 * Puts the grant in the place of that of an open cgroup; `text` are its ports. Programs of others stay.
 * Returns false, with errno, and leaves no grant, if that fails.
 */
bool cgroup_grant_set(int cgroup, const struct cgroup_grant *g, const char *text);

/* Removes the grant of an open cgroup, or what is left of one. False with errno. */
bool cgroup_grant_revoke(int cgroup);

/* Reads the ports of a grant. Returns false if the cgroup at `path` has none. */
bool cgroup_grant_read(const char *path, char text[TABLE_TEXT_MAX]);

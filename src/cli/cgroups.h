/*
 * The cgroups below the mount of cgroup v2. Paths are absolute, and those that are returned are
 * malloc'ed. The functions end the program, after a message, if there is no such mount or cgroup.
 */
#pragma once

#include <stdbool.h>

/*
 * Calls `visit` for each cgroup, from the top. It may remove the cgroup, and returns whether to go on to
 * those below it.
 */
void cgroups_walk(bool (*visit)(const char *path, void *data), void *data);

/* Returns the path below the mount, as /proc/PID/cgroup has it: a part of `path`, or "/". */
const char *cgroups_name(const char *path);

/* Returns the cgroup of that name, or of an absolute path. */
char *cgroups_find(const char *name);

/* Returns the cgroup of a unit of systemd. The type ".service" is added to a name that has none. */
char *cgroups_find_unit(const char *name, const char *type);

/* Returns the path of a cgroup that may be made below that of this process: a template of mkdtemp(3). */
char *cgroups_new(void);

/* Returns whether a path is of a cgroup that was made so. */
bool cgroups_is_new(const char *path);

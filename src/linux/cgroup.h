/* The tree of cgroup v2 (cgroups(7)), and the processes in a cgroup. */
#pragma once

#include <limits.h>
#include <stdbool.h>

/* Writes where the tree is mounted. Returns false if it is not. */
bool cgroup_find_mount(char path[PATH_MAX]);

/*
 * Writes the path of this process's cgroup in the tree, as /proc/self/cgroup has it. Returns false if
 * it has none, or is outside of the cgroup namespace.
 */
bool cgroup_find_own(char path[PATH_MAX]);

/* Moves this process into an open cgroup. False with errno. */
bool cgroup_enter(int cgroup);

/* Returns whether a cgroup, or one below it, has a process. */
bool cgroup_is_populated(const char *path);

/* Waits until that is not so any more. */
void cgroup_wait_until_empty(const char *path);

/* Where a registry lies: a file in a folder that nobody but its user may touch. */
#ifndef REGISTRY_STORE_H
#define REGISTRY_STORE_H

#include "registry/registry.h"

/*
 * Opens the registry in `folder`, and makes the folder (0700) and the file (0600)
 * if they are not there. The folder must be the user's own (of the effective user
 * id), not a symbolic link, and closed to all others: in /tmp, anybody may have
 * put one there before. NULL where it cannot be had; *problem then says why, as
 * "what went wrong: what to do". Leaves no descriptor open, and changes errno.
 */
struct registry *store_open(const char *folder, const char **problem);

#endif

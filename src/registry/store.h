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

/*
 * Opens the registry in `folder` only if it is there. NULL with *problem NULL where it
 * is not, else as store_open.
 */
struct registry *store_find(const char *folder, const char **problem);

/* Makes the folder of a registry if it is not there. NULL, or what is wrong with it. */
const char *store_make_folder(const char *folder);

enum { STORE_DEFAULT_MAX = 64 };

/* The folder where no other is named: "/tmp/remap-UID", written to `folder`, which is returned. */
const char *store_default_folder(char folder[STORE_DEFAULT_MAX]);

#endif

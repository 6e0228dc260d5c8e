/* The file of a registry, in a folder that only its user can access. */
#pragma once

#include "registry/registry.h"

/*
 * Opens the registry in `folder`. Makes the folder (0700) and the file (0600) if they do not
 * exist. The folder must belong to the effective user, have no permissions for others, and
 * not be a symbolic link: in /tmp, another user may have made it. Returns NULL with a reason in
 * *problem on an error. Leaves no descriptor open. Changes errno.
 */
struct registry *store_open(const char *folder, const char **problem);

/*
 * Opens the registry in `folder` as store_open does, but makes nothing. Returns NULL with
 * *problem NULL if it does not exist.
 */
struct registry *store_find(const char *folder, const char **problem);

/*
 * Opens the folder of a registry with O_CLOEXEC, under the same conditions. Returns -1 with
 * *problem on an error. If the folder does not exist, makes it if `makes` is true, or else returns
 * -1 with *problem NULL.
 */
int store_open_folder(const char *folder, bool makes, const char **problem);

enum { STORE_DEFAULT_MAX = 64 };

/* Writes the default folder, "/tmp/remap-UID", to `folder`, and returns it. */
const char *store_default_folder(char folder[STORE_DEFAULT_MAX]);

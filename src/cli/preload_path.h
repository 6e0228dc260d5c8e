/* The path of the library in LD_PRELOAD, whose elements are separated by blanks and colons. */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "core/config.h"

/* A link's name begins with it. */
#define PRELOAD_PATH_LINK ".libremap-"

/* Returns whether an element of LD_PRELOAD is libremap.so. */
bool preload_path_is_library(const char *path);

/* Writes the element of a value of LD_PRELOAD that is libremap.so. Returns false if there is none. */
bool preload_path_first(const char *list, char path[PATH_MAX]);

/*
 * Writes a path that LD_PRELOAD can hold: that of the library, with $LIB if 32-bit programs find one
 * for them by it (both_abis.h); or, if that has blanks or colons, that
 * of a symbolic link to it in the folder of the registry, else in /tmp/remap-UID. Makes the folder
 * and the link, if `makes`. Returns false after a message if there can be no link.
 */
__attribute__((warn_unused_result)) bool preload_path_find(const char *library,
                                                           const struct config *config, bool makes,
                                                           char path[PATH_MAX]);

/* Where the parts of remap are installed. */
#pragma once

#include <limits.h>
#include <stdbool.h>

/* Returns the real path of this program, or NULL. */
const char *install_paths_own(void);

/*
 * Writes the absolute path of libremap.so: the file that REMAP_LIBRARY names; else the one beside
 * this program, in ../$LIB (both_abis.h) or ../lib relative to it, or in the folder that was set at build time.
 * Returns false after a message if there is none.
 */
__attribute__((warn_unused_result)) bool install_paths_library(char path[PATH_MAX]);

/* Likewise writes the path of remap-redirect, from ../sbin. Ends the program if there is none. */
void install_paths_helper(char path[PATH_MAX]);

/*
 * The library for programs of 64 and of 32 bits. Both can be preloaded if they lie in the folders that
 * the loaders put in the place of $LIB (ld.so(8)): /usr/lib/x86_64-linux-gnu and
 * /usr/lib/i386-linux-gnu on Debian, lib64 and lib on others. LD_PRELOAD then has $LIB.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

/* Returns what this system's loader puts in the place of $LIB, such as "lib64", or NULL. */
const char *both_abis_folder(void);

/*
 * Writes the path with $LIB by which `library` is found, and by 32-bit programs one for them. Returns
 * false if there is none beside it, or `library` lies elsewhere.
 */
__attribute__((warn_unused_result)) bool both_abis_path(const char *library, char path[PATH_MAX]);

/* Returns whether 32-bit programs are preloaded: both_abis_path of the library that is installed. */
bool both_abis_installed(void);

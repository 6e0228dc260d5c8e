/* Where libremap.so is. */
#ifndef CLI_LIBRARY_H
#define CLI_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

/*
 * Writes the absolute path of the library to `path`: what REMAP_LIBRARY names;
 * else the one beside this program, in ../lib from it, or in the folder that it
 * was built to be installed to. False where there is none, or none whose path
 * LD_PRELOAD can hold (ld.so(8): blanks and colons separate its entries); the
 * reason has then been printed.
 */
bool library_find(char path[PATH_MAX]);

#endif

/* Which programs can be preloaded besides those of glibc and of our own kind. */
#pragma once

#include "core/config.h"
#include "program/verdict.h"

/*
 * Finds out what the loader of the file that *p is at does with the library: the one that is installed, or,
 * if `config` is NULL, the one that is in LD_PRELOAD. A loader of musl is executed for that, unless other
 * users can change it. What is found is for verdict_add() of that file.
 */
struct verdict_loaders loaders_find(const struct program *p, const struct config *config);

/* Whether programs of musl can be preloaded: its loader may take a library that is made for glibc. */
#pragma once

#include <stdbool.h>

#include "core/config.h"
#include "program/program.h"

/*
 * Finds out by having the loader of the program, which is dynamic and of musl, list what the library needs, as
 * ldd(1) does: that fails if it has no function of such a name. Nothing of the program is executed. Takes a
 * millisecond, and two seconds at most. False for a loader that other users can change.
 */
bool musl_takes(const struct program *p, const char *library);

/* The same of the library that is installed, if LD_PRELOAD is to have a path of it that musl takes: no $LIB. */
bool musl_takes_ours(const struct program *p, const struct config *config);

/* Processes that stay when the command has become another program. */
#pragma once

#include <stdbool.h>

/*
 * Runs a function in a new process, which ends with it. It is named `name` (PR_SET_NAME), and has a
 * session of its own, no standard descriptors, no signals and / as its folder. It is no child of this
 * process, which may wait for all its children. Returns false, with errno, if it cannot be started.
 */
__attribute__((warn_unused_result)) bool background_start(const char *name, void (*run)(void));

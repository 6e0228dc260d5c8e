/* The environment that makes a command part of a tree. Its changes can be printed for a shell. */
#pragma once

#include "cli/shell.h"
#include "core/config.h"

/* Sets one of our variables, unless `value` is NULL. */
void environment_set(enum config_key key, const char *value);

/* Removes one of our variables. */
void environment_remove(enum config_key key);

/* Removes the variables that are not trusted, so that the command does not complain of them again. */
void environment_drop_ignored(const struct config *config);

/* Makes a relative path in a variable absolute: the command may leave this folder. */
void environment_make_absolute(enum config_key key);

/* Puts the library in front of LD_PRELOAD, unless it is there. */
void environment_preload(const char *library);

/* Takes libremap.so out of LD_PRELOAD: under notify, calls must not be translated twice. */
void environment_drop_preload(void);

/* Prints the commands that make the same changes in a shell. */
void environment_print(enum shell shell);

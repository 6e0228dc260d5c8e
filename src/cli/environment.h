/* The environment that makes programs members of a tree. */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include "core/config.h"

/*
 * Each changes the environment of this process, which the command inherits; there is
 * no memory for it where it ends this process, after a message.
 */

/* Sets a variable of ours, unless `value` is NULL. */
void environment_set(enum config_key key, const char *value);

/* Makes a relative path in a variable absolute: the command may leave this folder. */
void environment_pin(enum config_key key);

/* Puts the library in front of what is preloaded already, unless it is there. */
void environment_preload(const char *library);

/*
 * Takes libremap.so out of what is preloaded: a program whose calls are stopped by the
 * notify engine must not have them translated twice.
 */
void environment_drop_preload(void);

#endif

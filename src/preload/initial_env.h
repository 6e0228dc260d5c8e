/* The environment as it was when the program started. */
#ifndef PRELOAD_INITIAL_ENV_H
#define PRELOAD_INITIAL_ENV_H

#include "core/config.h"

/*
 * Copies the values that config.h names, and from LD_PRELOAD the element that is this
 * library. Programs overwrite and clean their environment long before they bind (sshd,
 * nginx, postfix), so nothing here points into it afterwards. Relative paths are made
 * absolute, since daemons leave the folder that they were started in. A program
 * that gained privileges by exec (AT_SECURE, getauxval(3)) gets no values at all.
 */
void initial_env_capture(void);

/* The value in a string "NAME=value", if it is that of `name`; else NULL. */
const char *initial_env_match(const char *variable, const char *name);

/* What was copied, as a string "NAME=value"; NULL where it was not set. */
const char *initial_env_variable(enum config_key key);

/* The element of LD_PRELOAD that is this library; NULL where it was not preloaded by that. */
const char *initial_env_preload(void);

#endif

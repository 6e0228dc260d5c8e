/* The environment as it was when the program started. */
#ifndef PRELOAD_ENV_H
#define PRELOAD_ENV_H

#include "core/config.h"

/*
 * Copies the values that config.h names. Programs overwrite and clean their
 * environment long before they bind (sshd, nginx, postfix), so nothing here
 * points into it afterwards. A relative REMAP_FILE or REMAP_LOG_FILE is made
 * absolute, since daemons leave the folder that they were started in. A program
 * that gained privileges by exec (AT_SECURE, getauxval(3)) gets no values at all.
 */
void env_capture(void);

/*
 * A variable's value, or NULL. Before env_capture has run, in the constructor of
 * some other library, it is looked up where it is: nobody can have changed it yet.
 */
const char *env_value(enum config_key key);

/* Whether a value was too long to be copied; *key says which. */
bool env_lost(enum config_key *key);

#endif

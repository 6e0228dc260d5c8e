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

#endif

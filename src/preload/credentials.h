/*
 * Programs that become another user, or go to another root: there, what they need of ours
 * would be closed to them, or not to be seen.
 */
#ifndef PRELOAD_CREDENTIALS_H
#define PRELOAD_CREDENTIALS_H

#include <sys/types.h>

/*
 * Each reads the table and opens the registry, if that has not been done, and then does what
 * the function of its name does (setuid(2), chroot(2)). Not for signal handlers: libc's
 * function is looked up.
 */
int credentials_setuid(uid_t uid);
int credentials_seteuid(uid_t uid);
int credentials_setreuid(uid_t real, uid_t effective);
int credentials_setresuid(uid_t real, uid_t effective, uid_t saved);
int credentials_chroot(const char *path);

#endif

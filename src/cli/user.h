/* Other users. */
#ifndef CLI_USER_H
#define CLI_USER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Finds the ids of a user by name or number; there need not be a user of that number. Returns
 * false after a message if there is no such user.
 */
bool user_find(const char *user, uid_t *uid, gid_t *gid);

/*
 * Changes to the user of that name or number permanently, with the environment that locates its
 * registry. Stores its number in *uid. Returns false after a message on an error.
 */
bool user_become(const char *user, uid_t *uid);

#endif

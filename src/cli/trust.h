/* Whether a file can be relied on to be what root, or this user, made it. */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include <stdbool.h>

/*
 * True if none but root and this user may change the file, or put another in its place: it,
 * each folder on the way and each symbolic link belong to them, and neither group nor others
 * may write to it. A sticky folder (/tmp) may be passed, but not hold the file itself. False
 * after a message. In a user namespace, whoever owns / is taken for root, and so is everybody
 * else for whom it has no number.
 */
bool trust_check(const char *path);

#endif

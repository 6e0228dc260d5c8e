/* Whether a file can be changed or replaced only by root and this user. */
#ifndef CLI_TRUSTED_FILE_H
#define CLI_TRUSTED_FILE_H

#include <stdbool.h>

/*
 * Checks a file, each folder in its path and each symbolic link on the way: all must belong to
 * root or this user, and must not be writable by group or others. A sticky folder (/tmp) may be
 * in the path, but may not hold the file itself. Returns false after a message.
 *
 * In a user namespace the owner of / counts as root, and so do all users without a number there.
 */
__attribute__((warn_unused_result)) bool trusted_file_check(const char *path);

#endif

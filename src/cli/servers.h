/* Users, and their running servers. */
#pragma once

#include <sys/types.h>

#include "export/format.h"

enum { SERVERS_USER_MAX = 32 /* useradd(8) */ };

/*
 * Returns the number of a user, and stores that of its group unless `gid` is NULL. There need not
 * be a user of a number. If there is none of a name, ends the program with `status`.
 */
uid_t servers_find_user(const char *user, gid_t *gid, int status);

/*
 * Lists the running servers of the user and the run of the options, malloc'ed, and stores their
 * number. Changes to that user permanently. Each user can write to a registry of its own, so a socket
 * must be that user's, too.
 */
struct redirect_live *servers_find(const struct format_options *o, size_t *count);

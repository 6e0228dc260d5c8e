/* Users, by name or number. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum { USER_NAME_MAX = 32 /* useradd(8) */ };

/* The texts are valid until the next user_find. */
struct user {
    uid_t uid;
    gid_t gid;
    const char *name; /* NULL: the number has no account, and `gid` is 65534 */
    const char *home, *shell;
};

/* Finds a user. There need not be one of a number. If there is none of a name, ends the program with `status`. */
struct user user_find(const char *user, int status);

/*
 * Changes to a user permanently, with its groups and without capabilities. Returns false, with errno,
 * if this process may not: then a part of it may be done.
 */
__attribute__((warn_unused_result)) bool user_become(const struct user *user);

/* Sets HOME, SHELL, USER and LOGNAME as su(1) does. */
void user_set_environment(const struct user *user);

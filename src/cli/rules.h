/* The table and the settings of a command: from its options, else from the environment. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/config.h"

/*
 * With `is_strict`, a file of rules must belong to root or this user, and so must each folder in its
 * path and each symbolic link on the way; and others must not be able to write to them. A sticky
 * folder (/tmp) may be in the path, but may not hold the file itself. In a user namespace the owner
 * of / counts as root, and so do all users without a number there.
 */
enum { RULES_SOURCE_MAX = 256 };

struct rules {
    struct table table;
    bool given; /* options have added rules: all other sources of rules are ignored */
    char source[RULES_SOURCE_MAX]; /* the names of these options, for messages */
    bool is_strict;
};

/*
 * Each adds the rules of an option, or ends the program: of -r, -f ("-" is stdin), -p and --auto,
 * which sends each privileged port to a free one.
 */
void rules_add_text(struct rules *r, const char *text);
void rules_add_file(struct rules *r, const char *path);
void rules_add_published(struct rules *r, const char *text);
void rules_add_auto(struct rules *r);

/*
 * Returns whether the user is root or this one. The owner of / can change anything. In a user
 * namespace this may be a user without a number there (user_namespaces(7)).
 */
bool rules_trusts_user(uid_t uid);

/* Fills in *config, with the added rules if there are any. False after a message. */
__attribute__((warn_unused_result)) bool rules_load(const struct rules *r, struct config *config);

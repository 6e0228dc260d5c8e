/* Who can change, and who can read, what a path leads to: root is given paths by other users. */
#pragma once

#include <stdbool.h>

#include "core/config.h"

/*
 * Returns whether root can rely on a path: no other user can change the file, its folders or the
 * links on its way, or put others in their place. The owner of / is trusted, too. A relative path
 * is relative to the current folder. Keeps errno.
 */
enum config_trust trust_of(const char *path);

/*
 * Returns whether every user can read the open file `fd` by that path. In doubt, as behind a
 * symbolic link, it cannot. Keeps errno.
 */
bool trust_is_public(const char *path, int fd);

/* What a file gives to a process that executes it: set-user-ID, set-group-ID, capabilities. */
#pragma once

#include "linux/statx.h"
#include <stdbool.h>

/*
 * What would take effect if this process executed the file. Each of these makes the loader drop
 * LD_PRELOAD (AT_SECURE, getauxval(3)).
 */
struct privilege {
    bool set_uid, set_gid; /* to other ids than this process's real ones */
    /*
     * Has capabilities, and this process is not root. Under PR_SET_NO_NEW_PRIVS they are not
     * given, but the loader drops LD_PRELOAD all the same: `without_gain` (measured on
     * Linux 6.18; cap_bprm_creds_from_file()).
     */
    bool has_capabilities, without_gain;
    bool may_bind;   /* CAP_NET_BIND_SERVICE is among them */
    bool is_ignored; /* has such a bit or such capabilities, but none of it takes effect */
};

/* What privilege_read needs of statx(2). */
enum { PRIVILEGE_MASK = STATX_MODE | STATX_UID | STATX_GID };

/*
 * Finds what the file at `path` gives, by the rules of execve(2): a mount with nosuid, no_new_privs,
 * owners that the user namespace does not know. *st is statx(2)'s answer for it.
 */
void privilege_read(const char *path, const struct statx *st, struct privilege *p);

/* Whether programs that this process executes may bind privileged ports. */
enum privilege_to_bind {
    PRIVILEGE_NONE,
    PRIVILEGE_ELSEWHERE, /* root of a user namespace that does not own the network */
    PRIVILEGE_ROOT,
    PRIVILEGE_AMBIENT, /* CAP_NET_BIND_SERVICE is in the ambient set (capabilities(7)) */
};

/* Returns what this process has, and passes on. */
enum privilege_to_bind privilege_to_bind(void);

#include "cli/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/message.h"

/* The group of a number that belongs to no user. */
enum { NOGROUP = 65534 };

bool user_find(const char *user, uid_t *uid, gid_t *gid)
{
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    bool is_number = *user >= '0' && *user <= '9' && *end == '\0' && number < UINT32_MAX;
    const struct passwd *entry = getpwnam(user);

    if (entry == NULL && is_number)
        entry = getpwuid((uid_t)number);
    if (entry == NULL && !is_number) {
        message_print("there is no user '%s': see 'getent passwd'", user);
        return false;
    }
    *uid = entry != NULL ? entry->pw_uid : (uid_t)number;
    *gid = entry != NULL ? entry->pw_gid : NOGROUP;
    return true;
}

static void set_runtime_folder(uid_t uid)
{
    char folder[64];
    struct stat st;

    snprintf(folder, sizeof(folder), "/run/user/%u", uid);
    if (stat(folder, &st) == 0)
        setenv("XDG_RUNTIME_DIR", folder, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
}

bool user_become(const char *user, uid_t *uid)
{
    gid_t gid;

    if (!user_find(user, uid, &gid))
        return false;
    if (*uid == geteuid())
        return true;
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
        setresuid(*uid, *uid, *uid) != 0) {
        message_print("cannot read the registry of '%s': %s: do it as root", user, strerror(errno));
        return false;
    }
    set_runtime_folder(*uid);
    return true;
}

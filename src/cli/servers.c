#include "cli/servers.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/remapped.h"

/* The group of a number that belongs to no user. */
enum { NOGROUP = 65534 };

/* ---- users ---- */

uid_t servers_find_user(const char *user, gid_t *gid, int status)
{
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    bool is_number = *user >= '0' && *user <= '9' && *end == '\0' && number < UINT32_MAX;
    const struct passwd *entry = getpwnam(user);

    if (entry == NULL && is_number)
        entry = getpwuid((uid_t)number);
    if (entry == NULL && !is_number)
        message_die(status, "there is no user '%s': see 'getent passwd'", user);
    if (gid != NULL)
        *gid = entry != NULL ? entry->pw_gid : NOGROUP;
    return entry != NULL ? entry->pw_uid : (uid_t)number;
}

/*
 * Changes to the user of that name or number permanently, with the environment that locates its
 * registry. Returns its number.
 */
static uid_t become_user(const char *user)
{
    char folder[64];
    gid_t gid;
    uid_t uid = servers_find_user(user, &gid, STATUS_UNAVAILABLE);

    if (uid == geteuid())
        return uid;
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
        message_die(STATUS_UNAVAILABLE, "cannot read the registry of '%s': %s: do it as root", user,
                    strerror(errno));
    snprintf(folder, sizeof(folder), "/run/user/%u", uid);
    if (access(folder, F_OK) == 0)
        setenv("XDG_RUNTIME_DIR", folder, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
    return uid;
}

/* ---- servers ---- */

/* Each registry counts for itself, so the time comes first. */
static uint64_t order_of(const struct registry_entry *e)
{
    return (uint64_t)e->since << 32 | e->order;
}

struct redirect_live *servers_find(const struct format_options *o, size_t *count)
{
    struct remapped_list all;
    uid_t uid = o->user != NULL ? become_user(o->user) : 0;

    remapped_find(o->run, false, &all);
    struct redirect_live *list = memory_check(calloc(all.count + 1, sizeof(*list)));
    for (size_t i = 0; i < all.count; i++) {
        const struct remapped *live = &all.list[i];
        if (live->listens && (o->user == NULL || live->uid == uid))
            list[(*count)++] = (struct redirect_live){live->entry.asked, live->entry.actual,
                                                      live->v6only, order_of(&live->entry)};
    }
    free(all.list);
    return list;
}

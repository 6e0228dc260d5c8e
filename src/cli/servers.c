#include "cli/servers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/remapped.h"
#include "cli/user.h"

/*
 * Changes to the user of that name or number permanently, with the environment that locates its
 * registry. Returns its number.
 */
static uid_t become_user(const char *user)
{
    char folder[64];
    struct user found = user_find(user, STATUS_UNAVAILABLE);

    if (found.uid == geteuid())
        return found.uid;
    if (!user_become(&found))
        message_die(STATUS_UNAVAILABLE, "cannot read the registry of '%s': %s: do it as root", user,
                    strerror(errno));
    snprintf(folder, sizeof(folder), "/run/user/%u", found.uid);
    if (access(folder, F_OK) == 0)
        setenv("XDG_RUNTIME_DIR", folder, 1);
    else
        unsetenv("XDG_RUNTIME_DIR");
    return found.uid;
}

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

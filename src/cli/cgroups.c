#include "cli/cgroups.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "core/text.h"
#include "linux/cgroup.h"

#define NEW "remap-grant-"

static char *mount_point(void)
{
    static char path[PATH_MAX];

    if (path[0] == '\0' && !cgroup_find_mount(path))
        message_die(STATUS_UNAVAILABLE,
                    "cgroup v2 is not mounted: use 'mount -t cgroup2 none FOLDER'");
    return path;
}

void cgroups_walk(bool (*visit)(const char *path, void *data), void *data)
{
    char *const roots[] = {mount_point(), NULL};
    FTS *tree = memory_check(fts_open(roots, FTS_PHYSICAL | FTS_NOSTAT | FTS_NOCHDIR, NULL));
    FTSENT *entry;

    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_D && !visit(entry->fts_path, data))
            fts_set(tree, entry, FTS_SKIP);
    }
    fts_close(tree);
}

const char *cgroups_name(const char *path)
{
    const char *name = path + strlen(mount_point());
    return *name != '\0' ? name : "/";
}

char *cgroups_find(const char *name)
{
    const char *mount = mount_point();
    bool is_below = text_has_prefix(name, mount) && strchr("/", name[strlen(mount)]) != NULL;
    char *path = memory_format("%s%s", is_below ? "" : mount, name);

    if (name[0] != '/' || access(path, F_OK) != 0)
        message_die(STATUS_UNAVAILABLE,
                    "there is no cgroup '%s': see 'systemd-cgls', or /proc/PID/cgroup", name);
    return path;
}

/* ---- units ---- */

struct search {
    const char *name;
    char *found;
};

static const char *last_part(const char *path)
{
    return strrchr(path, '/') + 1;
}

static bool has_suffix(const char *string, const char *suffix)
{
    size_t size = strlen(string), end = strlen(suffix);
    return size >= end && strcmp(string + size - end, suffix) == 0;
}

/*
 * systemd's units are in slices alone. What is below another unit may belong to a user, as with
 * user@1000.service, or to a container: a unit of the same name there is not meant.
 */
static bool look_for_unit(const char *path, void *data)
{
    struct search *s = data;

    if (s->found == NULL && strcmp(last_part(path), s->name) == 0)
        s->found = memory_format("%s", path);
    return strcmp(cgroups_name(path), "/") == 0 || has_suffix(path, ".slice");
}

char *cgroups_find_unit(const char *name, const char *type)
{
    bool has_type = strchr(name, '.') != NULL;
    CLEANUP_FREE char *whole = memory_format("%s%s", name, has_type ? "" : type);
    struct search s = {.name = whole};

    cgroups_walk(look_for_unit, &s);
    if (s.found == NULL)
        message_die(STATUS_UNAVAILABLE, "the unit '%s' is not running: see 'systemctl status %s'",
                    whole, whole);
    return s.found;
}

/* ---- cgroups of our own ---- */

char *cgroups_new(void)
{
    char own[PATH_MAX];

    if (!cgroup_find_own(own))
        message_die(STATUS_UNAVAILABLE,
                    "this process is in no cgroup below %s: see "
                    "/proc/self/cgroup",
                    mount_point());
    return memory_format("%s%s/" NEW "XXXXXX", mount_point(), strcmp(own, "/") == 0 ? "" : own);
}

bool cgroups_is_new(const char *path)
{
    return text_has_prefix(last_part(path), NEW);
}

#include "cli/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "linux/procfs.h"

bool place_try(const char *folder, const char *rest, char path[PATH_MAX])
{
    char candidate[PATH_MAX];
    int size = snprintf(candidate, sizeof(candidate), "%s%s", folder, rest);

    return size > 0 && (size_t)size < sizeof(candidate) && access(candidate, R_OK) == 0 &&
           realpath(candidate, path) != NULL;
}

/* The folder of this program, without a slash at the end; "" where it cannot be told. */
static void own_folder(char folder[PATH_MAX])
{
    if (procfs_link(0, "exe", folder, PATH_MAX) < 0)
        folder[0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
}

static bool find(const char *name, const char *sibling, const char *installed, char path[PATH_MAX])
{
    char folder[PATH_MAX], rest[NAME_MAX];

    own_folder(folder);
    snprintf(rest, sizeof(rest), "/../%s/%s", sibling, name);
    return place_try(folder, strrchr(rest, '/'), path) || place_try(folder, rest, path) ||
           place_try(installed, strrchr(rest, '/'), path);
}

bool place_find_library(char path[PATH_MAX])
{
    if (find("libremap.so", "lib", REMAP_LIBDIR, path))
        return true;
    message_print("libremap.so is neither beside remap nor in %s: name it in REMAP_LIBRARY",
                  REMAP_LIBDIR);
    return false;
}

bool place_find_helper(char path[PATH_MAX])
{
    if (find("remap-redirect", "sbin", REMAP_SBINDIR, path))
        return true;
    message_print("remap-redirect is neither beside remap nor in %s: install it", REMAP_SBINDIR);
    return false;
}

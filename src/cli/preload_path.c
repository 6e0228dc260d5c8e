#include "cli/preload_path.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/both_abis.h"
#include "cli/message.h"
#include "core/text.h"
#include "registry/store.h"

/* ld.so(8): the separators, and the beginning of $LIB and others. */
static const char SPECIAL[] = " :$";

bool preload_path_is_library(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

    return strcmp(name, "libremap.so") == 0 || text_has_prefix(name, PRELOAD_PATH_LINK);
}

bool preload_path_first(const char *list, char path[PATH_MAX])
{
    const char *const separators = " :";

    for (const char *at = list; *(at += strspn(at, separators)) != '\0';) {
        size_t size = strcspn(at, separators);
        if (size < PATH_MAX) {
            memcpy(path, at, size);
            path[size] = '\0';
            if (preload_path_is_library(path))
                return true;
        }
        at += size;
    }
    return false;
}

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash;
}

/* Returns 0 if the link leads to the library, else an errno. */
static int read_link(int folder, const char *name, const char *library)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(folder, name, target, sizeof(target) - 1);

    if (size < 0)
        return errno;
    target[size] = '\0';
    return strcmp(target, library) == 0 ? 0 : EEXIST;
}

/*
 * A link is never changed: each path of a library has one of its own, by its hash. A command that
 * runs at the same time makes the same one.
 */
static int make_link(int folder, const char *name, const char *library)
{
    int error = read_link(folder, name, library);

    if (error != ENOENT || symlinkat(library, folder, name) == 0)
        return error != ENOENT ? error : 0;
    return read_link(folder, name, library);
}

/* Without `makes`, returns whether it can be made, as far as can be seen. */
static bool link_in(const char *folder, const char *library, bool makes, char path[PATH_MAX])
{
    int error, size = snprintf(path, PATH_MAX, "%s/" PRELOAD_PATH_LINK "%016" PRIx64 ".so", folder,
                               hash_of(library));
    const char *problem;

    if (strpbrk(folder, SPECIAL) != NULL || size >= PATH_MAX)
        return false;
    int fd = store_open_folder(folder, makes, &problem);
    if (fd < 0)
        return !makes && problem == NULL;
    const char *name = strrchr(path, '/') + 1;
    if (makes)
        error = make_link(fd, name, library);
    else
        error = read_link(fd, name, library);
    close(fd);
    return error == 0 || (!makes && error == ENOENT);
}

bool preload_path_find(const char *library, const struct config *config, bool makes,
                       char path[PATH_MAX])
{
    char last[STORE_DEFAULT_MAX];
    bool has_folder = !config->state_off && config->state[0] != '\0';

    if (strpbrk(library, SPECIAL) == NULL) {
        if (!both_abis_path(library, path))
            text_copy(path, PATH_MAX, library);
        return true;
    }
    if ((has_folder && link_in(config->state, library, makes, path)) ||
        link_in(store_default_folder(last), library, makes, path))
        return true;
    message_print("the loader cannot preload '%s': move it to a path without blanks and colons",
                  library);
    return false;
}

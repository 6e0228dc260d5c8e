#include "registry/store.h"

#include <errno.h>
#include <stddef.h>

#include "registry/sys.h"

/* With the version of what is in it: after an upgrade, running programs keep the old one. */
#define FILE_NAME "registry.2"

/* Opens the folder, made if it is not there. */
static int open_folder(const char *path)
{
    if (sys_mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    return sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/* NULL, or what is wrong with the folder. */
static const char *folder_problem(int folder)
{
    struct statx st;

    if (sys_statx_fd(folder, STATX_BASIC_STATS, &st) != 0)
        return "cannot be looked at: choose another folder in REMAP_STATE";
    if (st.stx_uid != sys_geteuid())
        return "belongs to somebody else: choose another folder in REMAP_STATE";
    if ((st.stx_mode & 077) != 0)
        return "is open to others: chmod 700 it";
    return NULL;
}

/* NULL, or what is wrong with the file in it. */
static const char *file_problem(int file)
{
    struct statx st;

    if (sys_statx_fd(file, STATX_BASIC_STATS, &st) != 0 || !S_ISREG(st.stx_mode))
        return "holds something else that is called registry: remove that";
    if (st.stx_uid != sys_geteuid())
        return "holds a registry of somebody else: remove that";
    return NULL;
}

static struct registry *map_file(int folder, const char **problem)
{
    struct registry *r = NULL;
    int file = sys_openat(folder, FILE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0) {
        *problem =
            "has no registry that can be opened: see its permissions, and the limit on files";
        return NULL;
    }
    *problem = file_problem(file);
    if (*problem == NULL) {
        r = registry_map(file);
        if (r == NULL)
            *problem = errno == EINVAL ? "holds a registry of another version: remove it"
                                       : "has no room for a registry: see the space on its disk";
    }
    sys_close(file);
    return r;
}

struct registry *store_open(const char *folder, const char **problem)
{
    struct registry *r = NULL;
    int fd = open_folder(folder);

    if (fd < 0) {
        *problem = errno == ELOOP || errno == ENOTDIR
                       ? "is no folder, or a symbolic link: choose another in REMAP_STATE"
                       : "cannot be made or opened: choose another folder in REMAP_STATE";
        return NULL;
    }
    *problem = folder_problem(fd);
    if (*problem == NULL)
        r = map_file(fd, problem);
    sys_close(fd);
    return r;
}

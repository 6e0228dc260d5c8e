#include "registry/store.h"

#include <errno.h>
#include <stddef.h>

#include "core/text.h"
#include "linux/sys.h"

/* With the version of what is in it: after an upgrade, running programs keep the old one. */
#define FILE_NAME "registry.2"

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

/* NULL, or what is wrong with the file in it. Its owner gets back what a umask has taken. */
static const char *check_file(int file)
{
    struct statx st;

    if (sys_statx_fd(file, STATX_BASIC_STATS, &st) != 0 || !S_ISREG(st.stx_mode))
        return "holds something else that is called registry: remove that";
    if (st.stx_uid != sys_geteuid())
        return "holds a registry of somebody else: remove that";
    if ((st.stx_mode & 0600) != 0600)
        sys_fchmod(file, 0600); /* or others of the tree could not open it */
    return NULL;
}

static struct registry *map_file(int folder, int flags, const char **problem)
{
    struct registry *r = NULL;
    int file = sys_openat(folder, FILE_NAME, O_RDWR | flags | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0) {
        *problem = errno == ENOENT
                       ? NULL
                       : "has no registry that can be opened: see its permissions, and the limit "
                         "on files";
        return NULL;
    }
    *problem = check_file(file);
    if (*problem == NULL) {
        r = registry_map(file);
        if (r == NULL)
            *problem = errno == EINVAL ? "holds a registry of another version: remove it"
                                       : "has no room for a registry: see the space on its disk, "
                                         "and the limit on the size of files";
    }
    sys_close(file);
    return r;
}

/* Opens a folder that is there. -1 with *problem filled in; NULL where it is not there. */
static int open_folder(const char *path, const char **problem)
{
    int fd = sys_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

    if (fd >= 0) {
        *problem = folder_problem(fd);
        if (*problem == NULL)
            return fd;
        sys_close(fd);
    } else {
        *problem = errno == ENOENT ? NULL
                   : errno == ELOOP || errno == ENOTDIR
                       ? "is no folder, or a symbolic link: choose another in REMAP_STATE"
                       : "cannot be opened: choose another folder in REMAP_STATE";
    }
    return -1;
}

struct registry *store_find(const char *folder, const char **problem)
{
    struct registry *r = NULL;
    int fd = open_folder(folder, problem);

    if (fd >= 0) {
        r = map_file(fd, 0, problem);
        sys_close(fd);
    }
    return r;
}

/* The same, made if it is not there. */
static int make_folder(const char *path, const char **problem)
{
    int made = sys_mkdir(path, 0700), error = errno;
    int fd = open_folder(path, problem);

    if (made == 0 && fd >= 0)
        sys_fchmod(fd, 0700); /* whatever the umask has taken */
    if (fd < 0 && (*problem == NULL || (made != 0 && error != EEXIST)))
        *problem = "cannot be made or opened: choose another folder in REMAP_STATE";
    return fd;
}

const char *store_make_folder(const char *folder)
{
    const char *problem;
    int fd = make_folder(folder, &problem);

    if (fd < 0)
        return problem;
    sys_close(fd);
    return NULL;
}

struct registry *store_open(const char *folder, const char **problem)
{
    struct registry *r = NULL;
    int fd = make_folder(folder, problem);

    if (fd >= 0) {
        r = map_file(fd, O_CREAT, problem);
        sys_close(fd);
    }
    return r;
}

const char *store_default_folder(char folder[STORE_DEFAULT_MAX])
{
    struct text path;

    text_init(&path, folder, STORE_DEFAULT_MAX);
    text_string(&path, "/tmp/remap-");
    text_number(&path, sys_geteuid());
    return folder;
}

#include "registry/store.h"

#include <errno.h>
#include <stddef.h>

#include "core/text.h"
#include "linux/sys.h"

/* The name has the version: after an upgrade, running programs keep the old file. */
#define FILE_NAME "registry.3"

/* Returns NULL, or why the folder cannot be used. */
static const char *folder_problem(int folder)
{
    struct statx st;

    if (sys_statx_fd(folder, STATX_BASIC_STATS, &st) != 0)
        return "cannot be examined";
    if (st.stx_uid != sys_geteuid())
        return "belongs to another user: set another folder in REMAP_STATE";
    if ((st.stx_mode & 077) != 0)
        return "is accessible to others: run chmod 700 on it";
    return NULL;
}

/* Returns NULL, or why the file cannot be used. Restores permissions that a umask has removed. */
static const char *check_file(int file)
{
    struct statx st;

    if (sys_statx_fd(file, STATX_BASIC_STATS, &st) != 0 || !S_ISREG(st.stx_mode))
        return "contains another file with the name of the registry: remove it";
    if (st.stx_uid != sys_geteuid())
        return "contains a registry of another user: remove it";
    if ((st.stx_mode & 0600) != 0600)
        sys_fchmod(file, 0600); /* other programs of the tree must be able to open it */
    return NULL;
}

static struct registry *map_file(int folder, int flags, const char **problem)
{
    struct registry *r = NULL;
    int file = sys_openat(folder, FILE_NAME, O_RDWR | flags | O_NOFOLLOW | O_NONBLOCK);

    if (file < 0) {
        *problem = errno == ENOENT
                       ? NULL
                       : "has a registry that cannot be opened: check its permissions and the "
                         "limit on open files";
        return NULL;
    }
    *problem = check_file(file);
    if (*problem == NULL) {
        r = registry_map(file);
        if (r == NULL)
            *problem = errno == EINVAL ? "contains a registry of another version: remove it"
                                       : "has no room for a registry: check the disk space and "
                                         "the limit on file sizes";
    }
    sys_close(file);
    return r;
}

/*
 * Opens an existing folder. Returns -1 on an error, with a reason in *problem, or NULL there if the
 * folder does not exist.
 */
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
                       ? "is not a folder, or is a symbolic link: set another in REMAP_STATE"
                       : "cannot be opened: set another folder in REMAP_STATE";
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

/* The same, but makes the folder if it does not exist. */
static int make_folder(const char *path, const char **problem)
{
    int fd = open_folder(path, problem);

    if (fd >= 0 || *problem != NULL)
        return fd;
    int made = sys_mkdir(path, 0700);
    fd = open_folder(path, problem);
    if (made == 0 && fd >= 0)
        sys_fchmod(fd, 0700); /* whatever the umask is */
    if (fd < 0 && *problem == NULL)
        *problem = "cannot be made or opened: set another folder in REMAP_STATE";
    return fd;
}

int store_open_folder(const char *folder, bool makes, const char **problem)
{
    return makes ? make_folder(folder, problem) : open_folder(folder, problem);
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

/* As in glibc's posix/execvpe.c, which also skips a folder of PATH_MAX bytes and more. */
#include "program/path.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "linux/procfs.h"
#include "linux/sys.h"

const char *path_folders(void)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (text_has_prefix(*variable, "PATH="))
            return *variable + strlen("PATH=");
    }
    return PATH_DEFAULT;
}

bool path_begin(struct path_search *s, const char *name, const char *folders)
{
    s->name = name;
    s->at = folders;
    s->name_size = strnlen(name, NAME_MAX + 1);
    s->folder_max = strnlen(folders, PATH_MAX - 1);
    if (s->name_size <= NAME_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

size_t path_room(const struct path_search *s)
{
    return s->folder_max + 1 + s->name_size + 1;
}

bool path_next(struct path_search *s, char *path)
{
    while (s->at != NULL) {
        const char *folder = s->at;
        size_t size = strcspn(folder, ":");
        s->at = folder[size] == ':' ? folder + size + 1 : NULL;
        if (size > s->folder_max)
            continue;
        memcpy(path, folder, size);
        if (size > 0)
            path[size++] = '/';
        memcpy(path + size, s->name, s->name_size + 1);
        return true;
    }
    return false;
}

bool path_goes_on(int error)
{
    switch (error) {
    case EACCES:
    case ENOENT:
    case ESTALE:
    case ENOTDIR:
    case ENODEV:
    case ETIMEDOUT:
        return true;
    default:
        return false;
    }
}

bool path_of_fd(int fd, char path[PATH_MAX])
{
    struct statx here, there;
    struct text link;
    char name[32];

    text_init(&link, name, sizeof(name));
    text_string(&link, "fd/");
    text_number(&link, (unsigned long)fd);
    if (procfs_link(0, name, path, PATH_MAX) <= 0 || path[0] != '/')
        return false;
    return sys_statx_fd(fd, STATX_INO, &here) == 0 && sys_statx(path, STATX_INO, &there) == 0 &&
           here.stx_ino == there.stx_ino && here.stx_dev_major == there.stx_dev_major &&
           here.stx_dev_minor == there.stx_dev_minor;
}

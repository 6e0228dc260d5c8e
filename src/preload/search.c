/* As in glibc's posix/execvpe.c, whose limits these are: a folder longer than PATH_MAX is skipped. */
#include "preload/search.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FOLDERS "/bin:/usr/bin" /* confstr(3), _CS_PATH */

/* environ is read as it is now: getenv may be somebody else's. */
static const char *current_folders(void)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (strncmp(*variable, "PATH=", 5) == 0)
            return *variable + 5;
    }
    return DEFAULT_FOLDERS;
}

bool search_begin(struct search *s, const char *file)
{
    s->file = file;
    s->at = current_folders();
    s->file_size = strnlen(file, NAME_MAX + 1);
    s->folders_size = strnlen(s->at, PATH_MAX - 1);
    if (s->file_size <= NAME_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

size_t search_room(const struct search *s)
{
    return s->folders_size + 1 + s->file_size + 1;
}

bool search_next(struct search *s, char *path)
{
    while (s->at != NULL) {
        const char *folder = s->at;
        size_t size = strcspn(folder, ":");
        s->at = folder[size] == ':' ? folder + size + 1 : NULL;
        if (size > s->folders_size)
            continue;
        memcpy(path, folder, size);
        if (size > 0)
            path[size++] = '/';
        memcpy(path + size, s->file, s->file_size + 1);
        return true;
    }
    return false;
}

bool search_goes_on(int error)
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

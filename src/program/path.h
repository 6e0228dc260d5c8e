/* PATH, and how execvp(3) goes along it; and the path of an open file. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define PATH_DEFAULT "/bin:/usr/bin" /* confstr(3), _CS_PATH */

/* The longest path that path_next writes. */
enum { PATH_FOUND_MAX = PATH_MAX + NAME_MAX + 1 };

struct path_search {
    const char *name;
    const char *at; /* the folders that are left; NULL at the end */
    size_t name_size, folder_max;
};

/* Returns the value of PATH in environ, or PATH_DEFAULT. Not by getenv(3), which a program may replace. */
const char *path_folders(void);

/*
 * Begins the search for a name without a slash. Returns false, with errno ENAMETOOLONG, if no
 * file can have such a long name.
 */
bool path_begin(struct path_search *s, const char *name, const char *folders);

/* Returns the size of a buffer that holds each path: PATH_FOUND_MAX at most. */
size_t path_room(const struct path_search *s);

/* Writes the next path to try. Returns false at the end. An empty folder is the current one. */
bool path_next(struct path_search *s, char *path);

/* Returns whether execvp tries the next folder after this error of execve(2). */
bool path_goes_on(int error);

/* Writes the absolute path of an open file. Returns false if the file is not there any more. */
bool path_of_fd(int fd, char path[PATH_MAX]);

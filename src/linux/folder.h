/* The names in a folder, by getdents64(2): readdir(3) allocates. */
#ifndef LINUX_FOLDER_H
#define LINUX_FOLDER_H

#include <stdbool.h>
#include <sys/types.h>

struct folder {
    int fd;
    ssize_t at, end;
    _Alignas(8) char buf[2048];
};

/* False, with errno, where the folder cannot be opened; then there is nothing to close. */
bool folder_open(struct folder *f, const char *path);
void folder_close(struct folder *f);

/* The next name, "." and ".." among them, or NULL. Borrowed until the next call. */
const char *folder_next(struct folder *f);

#endif

#include "linux/folder.h"

#include <stdint.h>

#include "linux/sys.h"

/* struct linux_dirent64 of getdents(2) */
struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t size;
    uint8_t type;
    char name[];
};

bool folder_open(struct folder *f, const char *path)
{
    f->fd = sys_open(path, O_RDONLY | O_DIRECTORY);
    f->at = f->end = 0;
    return f->fd >= 0;
}

void folder_close(struct folder *f)
{
    sys_close(f->fd);
}

const char *folder_next(struct folder *f)
{
    if (f->at >= f->end) {
        f->at = 0;
        f->end = sys_getdents(f->fd, f->buf, sizeof(f->buf));
        if (f->end <= 0)
            return NULL;
    }
    struct entry *e = (void *)(f->buf + f->at);
    f->at += e->size;
    return e->name;
}

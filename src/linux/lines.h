/* A file line by line, without stdio and malloc. */
#ifndef LINUX_LINES_H
#define LINUX_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/span.h"

struct lines {
    int fd;
    size_t begin, end;
    char buf[2048]; /* a line that is longer ends the file */
};

/* False, with errno, where the file cannot be opened; then there is nothing to close. */
bool lines_open(struct lines *l, const char *path);
void lines_close(struct lines *l);

/* The next line without its newline, or false. Borrowed until the next call. */
bool lines_next(struct lines *l, struct span *line);

/* Takes the next word off the front of `line`; an empty one when there are no more. */
struct span lines_take_word(struct span *line);

#endif

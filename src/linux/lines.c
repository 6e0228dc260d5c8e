#include "linux/lines.h"

#include <string.h>

#include "linux/sys.h"

bool lines_open(struct lines *l, const char *path)
{
    l->fd = sys_open(path, O_RDONLY);
    l->begin = l->end = 0;
    return l->fd >= 0;
}

void lines_close(struct lines *l)
{
    sys_close(l->fd);
}

bool lines_next(struct lines *l, struct span *line)
{
    for (;;) {
        char *newline = memchr(l->buf + l->begin, '\n', l->end - l->begin);
        if (newline != NULL) {
            *line = (struct span){l->buf + l->begin, newline};
            l->begin = (size_t)(newline - l->buf) + 1;
            return true;
        }
        memmove(l->buf, l->buf + l->begin, l->end - l->begin);
        l->end -= l->begin;
        l->begin = 0;
        ssize_t n = sys_read(l->fd, l->buf + l->end, sizeof(l->buf) - l->end);
        if (n <= 0)
            return false;
        l->end += (size_t)n;
    }
}

struct span lines_take_word(struct span *line)
{
    *line = span_trimmed(*line);
    struct span word = {line->at, line->at};
    while (word.end < line->end && !span_is_blank(*word.end))
        word.end++;
    line->at = word.end;
    return word;
}

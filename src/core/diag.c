#include "core/diag.h"

#include <string.h>

/* How much of a long line is shown before the error. */
enum { BEFORE_FAULT = 48 };

/* Fills in all but the message and the place, and returns the writer of the message. */
static struct text start(struct diag *d, const char *source)
{
    struct text name, message;

    *d = (struct diag){.line = 0};
    text_init(&name, d->source, sizeof(d->source));
    text_printable(&name, source, strlen(source));
    text_init(&message, d->message, sizeof(d->message));
    return message;
}

bool diag_whole(struct diag *d, const char *source, const char *message)
{
    struct text out = start(d, source);
    text_string(&out, message);
    return false;
}

struct text diag_at(struct diag *d, const struct source *source, const char *at)
{
    struct text message = start(d, source->name);
    const char *line = source->text, *text_end = source->text + source->size;
    unsigned number = 1;

    for (const char *p = line; p < at; p++) {
        if (*p == '\n') {
            line = p + 1;
            number++;
        }
    }
    const char *end = memchr(line, '\n', (size_t)(text_end - line));
    if (end == NULL)
        end = text_end;
    if (end > at && end[-1] == '\r')
        end--;

    d->line = number;
    d->column = (unsigned)(at - line) + 1;
    d->is_secret = source->is_secret;
    if (d->is_secret)
        return message;

    struct text excerpt;
    text_init(&excerpt, d->excerpt, sizeof(d->excerpt));
    if (at - line > BEFORE_FAULT) {
        text_string(&excerpt, "...");
        line = at - BEFORE_FAULT;
    }
    d->caret = (unsigned)excerpt.used + (unsigned)(at - line);
    text_ascii(&excerpt, line, (size_t)(end - line));
    return message;
}

void diag_format(const struct diag *d, struct text *out)
{
    text_string(out, d->source);
    if (d->line != 0) {
        text_char(out, ':');
        text_number(out, d->line);
        text_char(out, ':');
        text_number(out, d->column);
    }
    text_string(out, ": ");
    text_string(out, d->message);
    if (d->line == 0 || d->is_secret)
        return;
    text_string(out, "\n  ");
    text_string(out, d->excerpt);
    text_string(out, "\n  ");
    for (unsigned i = 0; i < d->caret; i++)
        text_char(out, ' ');
    text_char(out, '^');
}

/* A part of a text, which belongs to the caller. */
#ifndef CORE_SPAN_H
#define CORE_SPAN_H

#include <stdbool.h>
#include <stddef.h>

/* Invariant: at <= end, both within one text, which is not NUL-terminated. */
struct span {
    const char *at;
    const char *end;
};

/* Returns whether `c` is a space, a tab or a carriage return. */
bool span_is_blank(char c);
struct span span_trimmed(struct span s);

size_t span_size(struct span s);
bool span_is(struct span s, const char *word);

/* The first `c` in `s`, or NULL. */
const char *span_find(struct span s, char c);

#endif

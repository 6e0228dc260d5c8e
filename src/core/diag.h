/* What is wrong with a piece of configuration, and where: the error value of the parsers. */
#ifndef CORE_DIAG_H
#define CORE_DIAG_H

#include <stddef.h>

#include "core/text.h"

enum {
    DIAG_SOURCE_MAX = 128,
    DIAG_MESSAGE_MAX = 160,
    DIAG_EXCERPT_MAX = 96,
    /* Holds any diagnostic that diag_format writes. */
    DIAG_TEXT_MAX = 2 * DIAG_EXCERPT_MAX + DIAG_SOURCE_MAX + DIAG_MESSAGE_MAX + 64,
};

/*
 * `line` and `column` count from 1, the column in bytes; line 0 says that the
 * whole source is meant (a file that cannot be read). `caret` is the offset in
 * `excerpt` of the byte at `column`. `message` is "what went wrong: what to do".
 */
struct diag {
    unsigned line;
    unsigned column;
    unsigned caret;
    char source[DIAG_SOURCE_MAX];
    char message[DIAG_MESSAGE_MAX];
    char excerpt[DIAG_EXCERPT_MAX];
};

/*
 * Starts a diagnostic on the byte `at` of `text`: fills in everything but the
 * message, and returns the writer for that. A long line is cut to a window
 * around `at`. `at` may be text + size.
 */
struct text diag_at(struct diag *d, const char *source, const char *text, size_t size,
                    const char *at);

/* Starts a diagnostic on `source` as a whole. Returns the writer for the message. */
struct text diag_whole(struct diag *d, const char *source);

/*
 * Appends the diagnostic: "source:line:column: message", the line of text, and
 * a caret under the column. No "remap: " in front, no newline at the end.
 */
void diag_format(const struct diag *d, struct text *out);

#endif

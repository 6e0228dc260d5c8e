/* The error value of the parsers: what is wrong with a configuration, and where. */
#pragma once

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
 * `line` and `column` count from 1, the column in bytes. Line 0 means the whole source (a
 * file that cannot be read). `caret` is the offset in `excerpt` of the byte at `column`.
 * `message` is "what went wrong: what to do".
 */
struct diag {
    unsigned line;
    unsigned column;
    unsigned caret;
    bool is_secret; /* there is no excerpt: the text is not the reader's to see */
    char source[DIAG_SOURCE_MAX];
    char message[DIAG_MESSAGE_MAX];
    char excerpt[DIAG_EXCERPT_MAX];
};

/* A text and its name in messages. Borrowed; not NUL-terminated. */
struct source {
    const char *name;
    const char *text;
    size_t size;
    bool is_secret; /* no message shows any of it */
};

/*
 * Starts a diagnostic about the byte at `at`, which may be text + size. Fills in all but
 * the message, and returns the writer of the message. A long line is cut to a window
 * around `at`.
 */
struct text diag_at(struct diag *d, const struct source *source, const char *at);

/* Fills in a diagnostic about a whole source. Returns false, for the parser to return. */
bool diag_whole(struct diag *d, const char *source, const char *message);

/*
 * Appends "source:line:column: message", the line of text unless it is secret, and a caret under
 * the column, without "remap: " in front and a newline at the end.
 */
void diag_format(const struct diag *d, struct text *out);

/* A bounded writer of text, and parts of a text, without stdio, locale and malloc. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Invariant: used < size, and buf[used] is NUL. Text that does not fit is cut, and `cut`
 * is then true. The buffer belongs to the caller.
 */
struct text {
    char *buf;
    size_t size;
    size_t used;
    bool cut;
};

/* Starts an empty text in `buf`, which must hold at least one byte. */
void text_init(struct text *t, char *buf, size_t size);

void text_char(struct text *t, char c);
void text_bytes(struct text *t, const char *bytes, size_t count);
void text_string(struct text *t, const char *string);
/* Appends `value` in decimal. */
void text_number(struct text *t, unsigned long value);
/* Appends `value` in a base up to 16, in lower case. */
void text_number_in(struct text *t, unsigned long value, unsigned base);
/* Appends `bytes`. Each byte that is not printable ASCII becomes '?': one byte is one column. */
void text_ascii(struct text *t, const char *bytes, size_t count);

/*
 * Returns the size of the character in UTF-8 that `count` bytes begin with, and its number in *code;
 * 0 if they begin with none, or with one that is not shown but changes what a terminal does.
 */
size_t text_character(const char *bytes, size_t count, uint32_t *code);

/* Appends `bytes`. Each byte that is not of such a character becomes '?'. */
void text_printable(struct text *t, const char *bytes, size_t count);

/* Appends the string in single quotes, as text_printable does. */
void text_quoted(struct text *t, const char *string);

/* Copies a string to `buf`, of at least one byte. Cuts what does not fit. */
void text_copy(char *buf, size_t size, const char *string);

bool text_has_prefix(const char *string, const char *prefix);

/* A part of a text, which belongs to the caller and need not be NUL-terminated: at <= end. */
struct span {
    const char *at;
    const char *end;
};

size_t span_size(struct span s);
bool span_is(struct span s, const char *word);
/* Returns the first `c` in `s`, or NULL. */
const char *span_find(struct span s, char c);

/* Blanks are spaces, tabs and carriage returns. */
bool span_is_blank(char c);
struct span span_trimmed(struct span s);
/* Takes the next word off the front of *s. It is empty if there are no more. */
struct span span_word(struct span *s);

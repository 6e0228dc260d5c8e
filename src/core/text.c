#include "core/text.h"

#include <string.h>

void text_init(struct text *t, char *buf, size_t size)
{
    *t = (struct text){.buf = buf, .size = size};
    buf[0] = '\0';
}

void text_bytes(struct text *t, const char *bytes, size_t count)
{
    size_t room = t->size - t->used - 1;
    if (count > room) {
        t->cut = true;
        count = room;
    }
    memcpy(t->buf + t->used, bytes, count);
    t->used += count;
    t->buf[t->used] = '\0';
}

void text_char(struct text *t, char c)
{
    text_bytes(t, &c, 1);
}

void text_string(struct text *t, const char *string)
{
    text_bytes(t, string, strlen(string));
}

void text_number_in(struct text *t, unsigned long value, unsigned base)
{
    char digits[sizeof(value) * 8];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    text_bytes(t, digits + at, sizeof(digits) - at);
}

void text_number(struct text *t, unsigned long value)
{
    text_number_in(t, value, 10);
}

void text_ascii(struct text *t, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool printable = bytes[i] >= ' ' && bytes[i] <= '~';
        text_char(t, printable ? bytes[i] : bytes[i] == '\t' ? ' ' : '?');
    }
}

/* Returns whether a terminal would do something else than show the character. */
static bool is_hidden(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } HIDDEN[] = {
        {0x80, 0x9f},                         /* control characters */
        {0x61c, 0x61c},     {0x200e, 0x200f}, /* the direction of text */
        {0x2028, 0x202e},   {0x2060, 0x206f}, /* separators, and the direction */
        {0x200b, 0x200b},   {0xfeff, 0xfeff}, /* without a width */
        {0xd800, 0xdfff},                     /* surrogates */
        {0xfff9, 0xfffb},                     /* annotations */
        {0xe0000, 0xe007f},                   /* tags */
    };

    for (size_t i = 0; i < sizeof(HIDDEN) / sizeof(HIDDEN[0]); i++) {
        if (code >= HIDDEN[i].first && code <= HIDDEN[i].last)
            return true;
    }
    return false;
}

size_t text_character(const char *bytes, size_t count, uint32_t *code)
{
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = count > 0 ? (uint8_t)bytes[0] : 0;
    size_t size = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    *code = size <= 1 ? lead : lead & (0x7fU >> size);
    if (size == 1)
        return lead >= ' ' && lead <= '~';
    if (size == 0 || size > count || lead > 0xf4)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if (((uint8_t)bytes[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | ((uint8_t)bytes[i] & 0x3f);
    }
    return *code >= LEAST[size] && *code <= 0x10ffff && !is_hidden(*code) ? size : 0;
}

void text_printable(struct text *t, const char *bytes, size_t count)
{
    uint32_t code;

    for (size_t i = 0, size; i < count; i += size) {
        size = text_character(bytes + i, count - i, &code);
        if (size > t->size - t->used - 1) { /* half a character is none */
            t->cut = true;
            return;
        }
        if (size > 0)
            text_bytes(t, bytes + i, size);
        else
            text_ascii(t, bytes + i, size = 1);
    }
}

void text_quoted(struct text *t, const char *string)
{
    text_char(t, '\'');
    text_printable(t, string, strlen(string));
    text_char(t, '\'');
}

void text_copy(char *buf, size_t size, const char *string)
{
    struct text text;

    text_init(&text, buf, size);
    text_string(&text, string);
}

bool text_has_prefix(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

size_t span_size(struct span s)
{
    return (size_t)(s.end - s.at);
}

bool span_is(struct span s, const char *word)
{
    return span_size(s) == strlen(word) && memcmp(s.at, word, span_size(s)) == 0;
}

const char *span_find(struct span s, char c)
{
    return memchr(s.at, c, span_size(s));
}

bool span_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct span span_trimmed(struct span s)
{
    while (s.at < s.end && span_is_blank(*s.at))
        s.at++;
    while (s.at < s.end && span_is_blank(s.end[-1]))
        s.end--;
    return s;
}

struct span span_word(struct span *s)
{
    *s = span_trimmed(*s);
    struct span word = {s->at, s->at};
    while (word.end < s->end && !span_is_blank(*word.end))
        word.end++;
    s->at = word.end;
    return word;
}

#include "core/span.h"

#include <string.h>

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

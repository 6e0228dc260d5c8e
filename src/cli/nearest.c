#include "cli/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 32, FAR = WORD_MAX };

static bool is_same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Counts the letters to insert, delete, replace, or swap with the next one. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    size_t size = strlen(b);

    if (strlen(a) > WORD_MAX || size > WORD_MAX)
        return FAR;
    for (unsigned k = 0; k <= size; k++)
        now[k] = k;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        unsigned *oldest = before;
        before = last;
        last = now;
        now = oldest;
        now[0] = (unsigned)i;
        for (size_t k = 1; k <= size; k++) {
            now[k] = min(min(now[k - 1], last[k]) + 1, last[k - 1] + !is_same(a[i - 1], b[k - 1]));
            if (i > 1 && k > 1 && is_same(a[i - 1], b[k - 2]) && is_same(a[i - 2], b[k - 1]))
                now[k] = min(now[k], before[k - 2] + 1);
        }
    }
    return now[size];
}

const char *nearest_word(const char *word, const char *const *words, size_t count)
{
    size_t size = strlen(word);
    unsigned least = 1 + (unsigned)(size / 4);
    const char *nearest = NULL;

    for (size_t i = 0; i < count; i++) {
        if (words[i] == NULL)
            continue;
        bool begins = size > 1 && strncmp(words[i], word, size) == 0;
        unsigned found = begins ? 0 : distance(word, words[i]);
        if (found < least || (found == least && nearest == NULL && found < size)) {
            least = found;
            nearest = words[i];
        }
    }
    return nearest;
}

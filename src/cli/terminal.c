#include "cli/terminal.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "core/text.h"

bool terminal_is_output(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

static struct winsize get_size(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size : (struct winsize){.ws_col = 0};
}

size_t terminal_width(void)
{
    enum { LEAST = 1, MOST = 10000 };
    const char *columns = getenv("COLUMNS");
    long given = columns != NULL ? strtol(columns, NULL, 10) : 0;

    if (!terminal_is_output())
        return 0;
    if (given >= LEAST && given <= MOST)
        return (size_t)given;
    size_t width = get_size().ws_col;
    return width > 0 ? width : TERMINAL_WIDTH_DEFAULT;
}

size_t terminal_height(void)
{
    return terminal_is_output() ? get_size().ws_row : 0;
}

bool terminal_has_colour(void)
{
    const char *refusal = getenv("NO_COLOR"), *type = getenv("TERM");

    return terminal_is_output() && (refusal == NULL || refusal[0] == '\0') &&
           (type == NULL || strcmp(type, "dumb") != 0);
}

/* Printable text is UTF-8, whatever the locale of the user is. */
static size_t columns_of(uint32_t code)
{
    static const char *locale;

    if (code <= '~')
        return 1;
    if (locale == NULL)
        locale = setlocale(LC_CTYPE, "C.UTF-8");
    if (locale == NULL)
        locale = setlocale(LC_CTYPE, ""); /* C.UTF-8 is not everywhere before glibc 2.35 */
    int width = wcwidth((wchar_t)code);
    return width >= 0 ? (size_t)width : 1;
}

/* Returns the size of the first character, or 1 for a byte that is of none, and its columns. */
static size_t next(const char *text, size_t size, size_t *columns)
{
    uint32_t code;
    size_t length = text_character(text, size, &code);

    *columns = length > 0 ? columns_of(code) : 1;
    return length > 0 ? length : 1;
}

size_t terminal_next(const char *text)
{
    size_t columns;

    return next(text, strlen(text), &columns);
}

size_t terminal_columns(const char *text, size_t size)
{
    size_t sum = 0, columns;

    for (size_t at = 0; at < size; sum += columns)
        at += next(text + at, size - at, &columns);
    return sum;
}

size_t terminal_fit(const char *text, size_t size, size_t columns)
{
    size_t at = 0, sum = 0, more;

    while (at < size) {
        size_t length = next(text + at, size - at, &more);
        sum += more;
        if (sum > columns)
            break;
        at += length;
    }
    return at;
}

void terminal_wrap(const char *text, size_t used, size_t indent)
{
    size_t width = terminal_width();
    bool is_begin = true;

    while (*text != '\0') {
        size_t size = strcspn(text, " "), columns = terminal_columns(text, size);
        if (!is_begin && width > 0 && used + 1 + columns > width) {
            printf("\n%*s", (int)indent, "");
            used = indent;
        } else if (!is_begin) {
            putchar(' ');
            used++;
        }
        printf("%.*s", (int)size, text);
        used += columns;
        text += size + (text[size] == ' ');
        is_begin = false;
    }
}

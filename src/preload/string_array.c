#include "preload/string_array.h"

#include <string.h>

#include "linux/user_memory.h"

static bool can_read(const void *at, uintptr_t *page)
{
    uintptr_t number = (uintptr_t)at / USER_MEMORY_PAGE;

    if (number == *page && number != 0)
        return true;
    if (!user_memory_readable(at, 1))
        return false;
    *page = number;
    return true;
}

bool string_array_count(char *const list[], size_t *count)
{
    uintptr_t page = 0;
    size_t n = 0;

    if (list == NULL) {
        *count = 0;
        return true;
    }
    for (;; n++) {
        const char *at = (const char *)&list[n];
        if (n > STRING_ARRAY_MAX || !can_read(at, &page) ||
            !can_read(at + sizeof(*list) - 1, &page))
            return false;
        if (list[n] == NULL)
            break;
    }
    *count = n;
    return true;
}

bool string_array_begins(const char *string, uintptr_t *page)
{
    return can_read(string, page);
}

bool string_array_is_whole(const char *string, uintptr_t *page)
{
    for (;;) {
        if (!can_read(string, page))
            return false;
        size_t left = USER_MEMORY_PAGE - (uintptr_t)string % USER_MEMORY_PAGE;
        if (strnlen(string, left) < left)
            return true;
        string += left;
    }
}

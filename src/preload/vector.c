#include "preload/vector.h"

#include <string.h>

#include "translate/caller.h"

static bool can_read(const void *at, uintptr_t *page)
{
    uintptr_t number = (uintptr_t)at / CALLER_PAGE;

    if (number == *page && number != 0)
        return true;
    if (!caller_can_read(at, 1))
        return false;
    *page = number;
    return true;
}

bool vector_count(char *const list[], size_t *count)
{
    uintptr_t page = 0;
    size_t n = 0;

    if (list == NULL) {
        *count = 0;
        return true;
    }
    for (;; n++) {
        const char *at = (const char *)&list[n];
        if (n > VECTOR_MAX || !can_read(at, &page) || !can_read(at + sizeof(*list) - 1, &page))
            return false;
        if (list[n] == NULL)
            break;
    }
    *count = n;
    return true;
}

bool vector_begins(const char *string, uintptr_t *page)
{
    return can_read(string, page);
}

bool vector_is_whole(const char *string, uintptr_t *page)
{
    for (;;) {
        if (!can_read(string, page))
            return false;
        size_t left = CALLER_PAGE - (uintptr_t)string % CALLER_PAGE;
        if (strnlen(string, left) < left)
            return true;
        string += left;
    }
}

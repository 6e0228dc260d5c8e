#include "cli/memory.h"

#include <stdarg.h>
#include <stdbool.h>

#include "cli/message.h"

void memory_free(void *pointer)
{
    free(*(void **)pointer);
}

void memory_close(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

_Noreturn void memory_is_out(void)
{
    message_die(STATUS_UNAVAILABLE, "out of memory");
}

void *memory_check(void *pointer)
{
    if (pointer == NULL)
        memory_is_out();
    return pointer;
}

void *memory_grow(void *list, size_t count, size_t size)
{
    bool is_full = (count & (count - 1)) == 0;
    return is_full ? memory_check(reallocarray(list, count > 0 ? 2 * count : 1, size)) : list;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    return memory_check(size >= 0 ? text : NULL);
}

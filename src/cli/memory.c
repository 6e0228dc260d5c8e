#include "cli/memory.h"

#include <stdarg.h>

#include "cli/message.h"

void memory_is_out(void)
{
    message_print("out of memory");
    exit(STATUS_UNAVAILABLE);
}

void *memory_check(void *pointer)
{
    if (pointer == NULL)
        memory_is_out();
    return pointer;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        memory_is_out();
    va_end(arguments);
    return text;
}

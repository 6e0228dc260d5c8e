/* Memory that does not run out, and attributes that release what a local variable owns. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/message.h"

/* For a malloc'ed pointer and a FILE *; NULL owns nothing. */
#define CLEANUP_FREE __attribute__((cleanup(memory_free)))
#define CLEANUP_FILE __attribute__((cleanup(memory_close)))

static inline void memory_free(void *pointer)
{
    free(*(void **)pointer);
}

static inline void memory_close(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

_Noreturn static inline void memory_is_out(void)
{
    message_die(STATUS_UNAVAILABLE, "out of memory");
}

/* Returns `pointer`, what an allocation has returned. If it is NULL, ends the program. */
static inline void *memory_check(void *pointer)
{
    if (pointer == NULL)
        memory_is_out();
    return pointer;
}

/* Likewise returns a malloc'ed text, formatted like printf(3). */
__attribute__((format(printf, 1, 2))) static inline char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    return memory_check(size >= 0 ? text : NULL);
}

#endif

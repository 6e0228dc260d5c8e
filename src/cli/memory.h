/* Memory that does not run out, and attributes that release what a local variable owns. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

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

/* Returns `pointer`, what an allocation has returned. If it is NULL, ends the program. */
void *memory_check(void *pointer);

/* Returns a malloc'ed text, formatted like printf(3). */
__attribute__((format(printf, 1, 2))) char *memory_format(const char *format, ...);

/* Prints that memory has run out, and ends the program with STATUS_UNAVAILABLE. */
_Noreturn void memory_is_out(void);

#endif

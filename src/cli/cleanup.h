/* Attributes that release what a local variable owns when it goes out of scope. */
#ifndef CLI_CLEANUP_H
#define CLI_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>

/* For a malloc'ed pointer and a FILE *; NULL owns nothing. */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free)))
#define CLEANUP_FILE __attribute__((cleanup(cleanup_file)))

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

static inline void cleanup_file(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

#endif

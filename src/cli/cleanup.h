/* Attributes that release what a local variable owns when it goes out of scope. */
#ifndef CLI_CLEANUP_H
#define CLI_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of a pointer: free(3). Of a FILE *: fclose(3). Of a descriptor: close(2). NULL and -1 are left alone. */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_free)))
#define CLEANUP_FILE __attribute__((cleanup(cleanup_file)))
#define CLEANUP_FD __attribute__((cleanup(cleanup_fd)))

static inline void cleanup_free(void *pointer)
{
    free(*(void **)pointer);
}

static inline void cleanup_file(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

static inline void cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#endif

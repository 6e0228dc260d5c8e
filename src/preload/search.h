/* PATH, as execvp(3) goes along it. */
#ifndef PRELOAD_SEARCH_H
#define PRELOAD_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

struct search {
    const char *file;
    const char *at; /* what is left of the folders; NULL at the end */
    size_t file_size, folders_size;
};

/*
 * Begins the search for a name without a slash. False with errno ENAMETOOLONG where the
 * name is longer than that of any file.
 */
bool search_begin(struct search *s, const char *file);

/* The size of a buffer that each path fits into. */
size_t search_room(const struct search *s);

/* Writes the next path to try. False at the end. An empty folder is the current one. */
bool search_next(struct search *s, char *path);

/* Whether, after such an error, execvp goes on with the next folder. */
bool search_goes_on(int error);

#endif

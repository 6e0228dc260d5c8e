/* LD_PRELOAD (ld.so(8)): a list of libraries, one of which may be this one. */
#ifndef PRELOAD_PRELOAD_LIST_H
#define PRELOAD_PRELOAD_LIST_H

#include <stddef.h>

/* A part of a list. It is not ended by a NUL. No element has the size 0. */
struct preload_list_element {
    const char *text;
    size_t size;
};

/* Returns the first element of a list, or the one after another. */
struct preload_list_element preload_list_first(const char *list);
struct preload_list_element preload_list_after(const struct preload_list_element *e);

/* Returns the part after the last slash. */
struct preload_list_element preload_list_base(const struct preload_list_element *e);

/* Returns the first element with the same part after the last slash as `library`. */
struct preload_list_element preload_list_find(const char *list,
                                              const struct preload_list_element *library);

/*
 * Returns the path that the loader found this library at. Takes the loader's lock: for the
 * constructor only.
 */
const char *preload_list_path(void);

#endif

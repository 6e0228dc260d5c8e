/* LD_PRELOAD (ld.so(8)): a list of libraries, of which this one may be an element. */
#ifndef PRELOAD_PRELOAD_LIST_H
#define PRELOAD_PRELOAD_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a list, in place: not ended by a NUL. None where the size is 0. */
struct preload_list_element {
    const char *text;
    size_t size;
};

/* The first element of a list, and the one after another. */
struct preload_list_element preload_list_first(const char *list);
struct preload_list_element preload_list_after(const struct preload_list_element *e);

/* What is behind the last slash. */
struct preload_list_element preload_list_base(const struct preload_list_element *e);

/*
 * The element of the list that this library was loaded by. None where it was not loaded by
 * that: a program may be linked with it, and /etc/ld.so.preload may name it. Takes the
 * loader's lock: for the constructor alone.
 */
struct preload_list_element preload_list_own(const char *list);

/* The path that this library was loaded from, as the loader found it. As preload_list_own. */
const char *preload_list_path(void);

/* Whether both are the same text. */
bool preload_list_equal(const struct preload_list_element *a, const struct preload_list_element *b);

#endif

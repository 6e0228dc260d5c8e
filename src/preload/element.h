/* LD_PRELOAD (ld.so(8)): a list of libraries, of which this one may be an element. */
#ifndef PRELOAD_ELEMENT_H
#define PRELOAD_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a list, in place: not ended by a NUL. None where the size is 0. */
struct element {
    const char *text;
    size_t size;
};

/* The first element of a list, and the one after another. */
struct element element_first(const char *list);
struct element element_after(const struct element *e);

/* What is behind the last slash. */
struct element element_base(const struct element *e);

/*
 * The element of the list that this library was loaded by. None where it was not loaded by
 * that: a program may be linked with it, and /etc/ld.so.preload may name it. Takes the
 * loader's lock: for the constructor alone.
 */
struct element element_own(const char *list);

/* The path that this library was loaded from, as the loader found it. As element_own. */
const char *element_path(void);

/* Whether both are the same text. */
bool element_equal(const struct element *a, const struct element *b);

#endif

/* Memory that does not run out, and attributes that release what a local variable owns. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

/* For a malloc'ed pointer and a FILE *; NULL owns nothing. */
#define CLEANUP_FREE __attribute__((cleanup(memory_free)))
#define CLEANUP_FILE __attribute__((cleanup(memory_close)))

void memory_free(void *pointer);
void memory_close(FILE **file);

_Noreturn void memory_is_out(void);

/* Returns `pointer`, what an allocation has returned. If it is NULL, ends the program. */
void *memory_check(void *pointer);

/*
 * Returns a malloc'ed list of `count` elements with room for one more, or ends the program. `list` is
 * what it returned for each smaller count, from NULL at 0 on.
 */
void *memory_grow(void *list, size_t count, size_t size);

/* Likewise returns a malloc'ed text, formatted like printf(3). */
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The arrays of strings that a program passes to exec. Their memory may be bad. */
#ifndef PRELOAD_STRING_ARRAY_H
#define PRELOAD_STRING_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An array is copied to the stack, which may be that of a thread: 256 KB at most. The kernel
 * takes some more strings if they are short (execve(2), 'Limits on size of arguments and
 * environment').
 */
enum { STRING_ARRAY_MAX = 32768 };

/*
 * Counts the strings of an array that ends with NULL. A NULL array is empty, as for the kernel.
 * Returns false if it cannot be read or has more than STRING_ARRAY_MAX. Keeps errno.
 */
bool string_array_count(char *const list[], size_t *count) __attribute__((warn_unused_result));

/*
 * Return whether the first byte of a string, or all of it, can be read. *page is the last page
 * that was found to be readable, at first 0. Keep errno.
 */
bool string_array_begins(const char *string, uintptr_t *page);
bool string_array_is_whole(const char *string, uintptr_t *page);

#endif

/* The arrays of strings that exec is called with, in memory that may be bad. */
#ifndef PRELOAD_STRING_ARRAY_H
#define PRELOAD_STRING_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * As many strings as we copy the pointers of, to a stack that may be a thread's: 256 KB.
 * The kernel takes some more, if they are short (execve(2), 'Limits on size of arguments
 * and environment').
 */
enum { STRING_ARRAY_MAX = 32768 };

/*
 * Counts the strings of an array that NULL ends; NULL itself is an empty one, as the kernel
 * takes it. False where it cannot be read or has more than STRING_ARRAY_MAX. Keeps errno.
 */
bool string_array_count(char *const list[], size_t *count);

/*
 * Whether the string can be read: as far as its first byte, or whole. *page, at first 0, is
 * the page that was asked for last. Keeps errno.
 */
bool string_array_begins(const char *string, uintptr_t *page);
bool string_array_is_whole(const char *string, uintptr_t *page);

#endif

/* Pointers that a caller hands in, and that only the kernel may be the judge of. */
#ifndef PRELOAD_CALLER_H
#define PRELOAD_CALLER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a pointer can be one that is meant to be read. NULL and its
 * neighbourhood (vm.mmap_min_addr) and the kernel's half are not: such a call is
 * left to the kernel, whose answer is EFAULT. It says nothing of the rest: a
 * pointer into a hole is followed, as libc's own functions would.
 */
static inline bool caller_may_mean(const void *pointer)
{
    return (uintptr_t)pointer >= 4096 && (intptr_t)pointer > 0;
}

#endif

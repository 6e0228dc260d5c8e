/* Pointers that a caller hands in, and that only the kernel may be the judge of. */
#ifndef PRELOAD_CALLER_H
#define PRELOAD_CALLER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a pointer can be one that is meant to be read. NULL and its
 * neighbourhood (vm.mmap_min_addr) and the kernel's half are not: such a call is
 * left to the kernel, whose answer is EFAULT. It says nothing of the rest: a
 * pointer into a hole is followed, and faults.
 */
static inline bool caller_may_mean(const void *pointer)
{
#if defined(__aarch64__)
    bool is_kernel = ((uintptr_t)pointer >> 55 & 1) != 0; /* above is a tag, which is ignored */
#elif UINTPTR_MAX > UINT32_MAX
    bool is_kernel = (intptr_t)pointer < 0;
#else
    bool is_kernel = false; /* how much of 32 bits is the kernel's differs */
#endif
    return (uintptr_t)pointer >= 4096 && !is_kernel;
}

#endif

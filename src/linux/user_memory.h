/* Memory that a caller passes in, which may be unreadable. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    USER_MEMORY_PAGE = 4096, /* no page is smaller */
    USER_MEMORY_KNOWN = 16,
};

/* The numbers of pages that are readable and stay so. */
extern _Atomic uintptr_t user_memory_known[USER_MEMORY_KNOWN];

/* As user_memory_readable, for what that does not know. */
bool user_memory_ask(const void *pointer, size_t size);

/*
 * Returns whether `size` bytes at `pointer` can be read. If they cannot, the call is to be passed to
 * the kernel, which answers EFAULT. Asks the kernel, which costs a system call for each page; those
 * of the stack and of the program's own data are asked for once. Keeps errno.
 */
static inline bool user_memory_readable(const void *pointer, size_t size)
{
    uintptr_t first = (uintptr_t)pointer, last = first + size - (size > 0);
    uintptr_t page = first / USER_MEMORY_PAGE;

    if (page == last / USER_MEMORY_PAGE && page != 0 &&
        atomic_load_explicit(&user_memory_known[page % USER_MEMORY_KNOWN], memory_order_relaxed) ==
            page)
        return true;
    return user_memory_ask(pointer, size);
}

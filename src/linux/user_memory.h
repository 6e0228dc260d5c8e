/* Memory that a caller hands in, and that only the kernel may be the judge of. */
#ifndef LINUX_USER_MEMORY_H
#define LINUX_USER_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    USER_MEMORY_PAGE = 4096, /* no page is smaller */
    USER_MEMORY_KNOWN = 16,
};

/* Pages that could be read of late, by their number. */
extern _Atomic uintptr_t user_memory_known[USER_MEMORY_KNOWN];

/* As user_memory_readable. */
bool user_memory_ask(const void *pointer, size_t size);

/*
 * Whether `size` bytes may be read at `pointer`, as the kernel would find. Where not,
 * a call is to be left to it, whose answer is EFAULT. The kernel is asked, which
 * costs a system call for each page, but those of the stack and of the program's own
 * data, which are asked for once. Keeps errno.
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

#endif

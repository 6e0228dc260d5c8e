/* Memory that a caller hands in, and that only the kernel may be the judge of. */
#ifndef TRANSLATE_CALLER_H
#define TRANSLATE_CALLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CALLER_PAGE = 4096, /* no page is smaller */
    CALLER_KNOWN = 16,
};

/* Pages that could be read of late, by their number. */
extern _Atomic uintptr_t caller_known[CALLER_KNOWN];

/* As caller_can_read. */
bool caller_asks(const void *pointer, size_t size);

/*
 * Whether `size` bytes may be read at `pointer`, as the kernel would find. Where not,
 * a call is to be left to it, whose answer is EFAULT. The kernel is asked, which
 * costs a system call for each page, but those of the stack and of the program's own
 * data, which are asked for once. Keeps errno.
 */
static inline bool caller_can_read(const void *pointer, size_t size)
{
    uintptr_t first = (uintptr_t)pointer, last = first + size - (size > 0);
    uintptr_t page = first / CALLER_PAGE;

    if (page == last / CALLER_PAGE && page != 0 &&
        atomic_load_explicit(&caller_known[page % CALLER_KNOWN], memory_order_relaxed) == page)
        return true;
    return caller_asks(pointer, size);
}

#endif

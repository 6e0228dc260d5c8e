/* Memory that a caller passes in, which may be unreadable. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USER_MEMORY_PAGE = 4096 }; /* no page is smaller */

/*
 * Where the main stack ends, less USER_MEMORY_OBJECT bytes, once that is known; and how far that can
 * be from its other end.
 */
extern _Atomic uintptr_t user_memory_main_end;
#define USER_MEMORY_MAIN_SIZE ((uintptr_t)64 << 20)
enum { USER_MEMORY_OBJECT = 512 };

/*
 * Returns true if the caller is on the main stack, and all of these bytes are, above it. That stack
 * is one mapping, and never shrinks. The kernel keeps more than its size below it free of others
 * (mmap_base).
 */
static inline bool user_memory_on_main_stack(uintptr_t first, size_t size)
{
    char mark;
    uintptr_t here = (uintptr_t)&mark;
    uintptr_t room = atomic_load_explicit(&user_memory_main_end, memory_order_relaxed) - here;

    return room < USER_MEMORY_MAIN_SIZE && first - here < room && size <= USER_MEMORY_OBJECT;
}

/* As the functions below, for what is not on the main stack. */
bool user_memory_ask(const void *pointer, size_t size);
bool user_memory_ask_writable(void *pointer, size_t size);

/*
 * Returns whether `size` bytes at `pointer` can be read. If they cannot, the call is to be passed to
 * the kernel, which answers EFAULT. The kernel is asked, which costs a system call for each page:
 * once for a page of the stack, of the program's own data, and of its heap as long as the break is
 * above it (brk(2)); each time for what may be unmapped. Keeps errno.
 */
static inline bool user_memory_readable(const void *pointer, size_t size)
{
    return user_memory_on_main_stack((uintptr_t)pointer, size) || user_memory_ask(pointer, size);
}

/*
 * Returns whether `size` readable bytes, 8 at most, can be written as well. Asks the kernel, except
 * for the stack. Keeps errno.
 */
static inline bool user_memory_writable(void *pointer, size_t size)
{
    return user_memory_on_main_stack((uintptr_t)pointer, size) ||
           user_memory_ask_writable(pointer, size);
}

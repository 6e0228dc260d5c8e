/*
 * rt_sigprocmask(2) reads its set before it checks its operation. With an invalid operation it
 * changes nothing, and fails with EFAULT if the set cannot be read, else with EINVAL (Linux 2.6
 * and later). rt_sigpending(2) writes as many bytes as it is asked for.
 */
#include "linux/user_memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/hot.h"
#include "linux/sys.h"

enum {
    PAGE = USER_MEMORY_PAGE,
    KNOWN = 16,
    NO_OPERATION = -1,
    SET_SIZE = 8,
};

static bool ask(uintptr_t address)
{
    const void *set = (const void *)(address & ~(uintptr_t)(SET_SIZE - 1));
    int saved = errno;
    bool is_readable = sys_sigmask(NO_OPERATION, set, NULL) == 0 || errno != EFAULT;

    errno = saved;
    return is_readable;
}

/* ---- the main stack ---- */

_Atomic uintptr_t user_memory_main_end;

/*
 * What a program is started with lies at the end of its stack: more than an object takes. Where the end
 * is known, the caller has asked already.
 */
static bool is_on_main_stack(uintptr_t first, size_t size)
{
    if (atomic_load_explicit(&user_memory_main_end, memory_order_relaxed) != 0)
        return false;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t end = getauxval(AT_RANDOM) - USER_MEMORY_OBJECT;

    if (end - here < USER_MEMORY_MAIN_SIZE)
        atomic_store_explicit(&user_memory_main_end, end, memory_order_relaxed);
    return user_memory_on_main_stack(first, size);
}

/* ---- the stacks of other threads ---- */

/*
 * The end of the stack of a thread, other than the main one, is where its variables begin. Returns
 * 0 if that is not known.
 */
static inline uintptr_t end_of_stack(void)
{
    uintptr_t end = 0;
#if defined(__x86_64__) && defined(__LP64__)
    __asm__("movq %%fs:0, %0" : "=r"(end));
#elif defined(__aarch64__)
    __asm__("mrs %0, tpidr_el0" : "=r"(end));
#endif
    return end;
}

/*
 * A thread may be on another stack: that of a signal handler, or of a coroutine. It is on its own if all
 * pages from here to the end can be read. That is asked once, for the last pages. How many can, is
 * kept in the lower bits, and in the others, the page of the end.
 */
enum { STACKS = 16, PAGES_BITS = 6, MANY_PAGES = (1 << PAGES_BITS) - 1 };

static _Atomic uintptr_t stacks[STACKS];

static inline _Atomic uintptr_t *place_of_stack(uintptr_t end)
{
    return &stacks[(end / PAGE ^ end >> 23) % STACKS]; /* stacks lie 8 MiB apart */
}

HOT static bool is_on_known_stack(uintptr_t first, size_t size)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), end = end_of_stack();
    uintptr_t stack = atomic_load_explicit(place_of_stack(end), memory_order_relaxed);
    uintptr_t known_pages = stack & MANY_PAGES;

    return stack >> PAGES_BITS == end / PAGE && end / PAGE - here / PAGE <= known_pages &&
           first > here && first < end && size <= end - first;
}

/* The variables of the main thread may lie anywhere. */
static bool is_on_thread_stack(uintptr_t first, size_t size)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), end = end_of_stack(), pages = 0;

    if (first <= here || first >= end || end - here >= (uintptr_t)MANY_PAGES * PAGE ||
        sys_gettid() == sys_getpid())
        return false;
    while (pages < end / PAGE - here / PAGE && ask((end / PAGE - pages) * PAGE - 1))
        pages++;
    atomic_store_explicit(place_of_stack(end), end / PAGE << PAGES_BITS | pages,
                          memory_order_relaxed);
    return is_on_known_stack(first, size);
}

/* ---- the program's data and heap ---- */

/* The numbers of pages that were readable. */
static _Atomic uintptr_t known[KNOWN];

/* Where the program begins, or 0 if that is not known. */
static _Atomic uintptr_t program;

HOT static bool is_data_or_heap(uintptr_t address)
{
    uintptr_t begin = atomic_load_explicit(&program, memory_order_relaxed);

    if (begin == 0) {
        begin = getauxval(AT_PHDR);
        atomic_store_explicit(&program, begin, memory_order_relaxed);
    }
    return address >= begin && address < (uintptr_t)sbrk(0);
}

static _Atomic uintptr_t *place_of_page(uintptr_t page)
{
    return &known[page % KNOWN];
}

HOT static bool is_on_known_page(uintptr_t first, size_t size)
{
    uintptr_t page = first / PAGE;

    return size <= PAGE - first % PAGE &&
           atomic_load_explicit(place_of_page(page), memory_order_relaxed) == page && page != 0 &&
           is_data_or_heap(first);
}

static bool page_can_be_read(uintptr_t address)
{
    uintptr_t page = address / PAGE;

    if (is_on_known_page(address, 1))
        return true;
    if (page == 0 || !ask(address))
        return false;
    if (is_data_or_heap(address))
        atomic_store_explicit(place_of_page(page), page, memory_order_relaxed);
    return true;
}

COLD static bool ask_elsewhere(uintptr_t first, size_t size)
{
    uintptr_t last = first + size - (size > 0);

    return last >= first && page_can_be_read(first) &&
           (first / PAGE == last / PAGE || page_can_be_read(last));
}

COLD static bool is_on_stack(uintptr_t first, size_t size)
{
    return is_on_main_stack(first, size) || is_on_thread_stack(first, size);
}

HOT bool user_memory_ask(const void *pointer, size_t size)
{
    uintptr_t first = (uintptr_t)pointer;

    return is_on_known_stack(first, size) || is_on_known_page(first, size) ||
           is_on_stack(first, size) || ask_elsewhere(first, size);
}

COLD bool user_memory_ask_writable(void *pointer, size_t size)
{
    uintptr_t first = (uintptr_t)pointer;
    uint64_t old = 0;
    int saved = errno;

    if (is_on_known_stack(first, size) || is_on_stack(first, size))
        return true;
    memcpy(&old, pointer, size);
    bool is_writable =
        sys_call(SYS_rt_sigpending, (long)pointer, (long)size, 0) == 0 || errno != EFAULT;
    if (is_writable)
        memcpy(pointer, &old, size);
    errno = saved;
    return is_writable;
}

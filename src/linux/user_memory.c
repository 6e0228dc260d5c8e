/*
 * rt_sigprocmask(2) reads its set before it checks its operation. With an invalid operation it
 * changes nothing, and fails with EFAULT if the set cannot be read, else with EINVAL (Linux 2.6
 * and later).
 */
#include "linux/user_memory.h"

#include <errno.h>

#include <sys/auxv.h>

#include "core/hot.h"
#include "linux/sys.h"

enum {
    NO_OPERATION = -1,
    SET_SIZE = 8,
};

_Atomic uintptr_t user_memory_known[USER_MEMORY_KNOWN];

static bool ask(uintptr_t address)
{
    const void *set = (const void *)(address & ~(uintptr_t)(SET_SIZE - 1));
    int saved = errno;
    bool is_readable = sys_sigmask(NO_OPERATION, set, NULL) == 0 || errno != EFAULT;

    errno = saved;
    return is_readable;
}

/*
 * Returns whether a page stays mapped: the stack that this call is on, and the program's own data
 * and heap. Anything else may be unmapped, and is asked for each time.
 */
static bool is_lasting(uintptr_t address)
{
    const uintptr_t near = 1 << 16;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t program = getauxval(AT_PHDR), heap_end = (uintptr_t)sbrk(0);

    return (address > here && address - here < near) || (address >= program && address < heap_end);
}

static bool page_can_be_read(uintptr_t address)
{
    uintptr_t page = address / USER_MEMORY_PAGE;
    _Atomic uintptr_t *place = &user_memory_known[page % USER_MEMORY_KNOWN];

    if (page == 0)
        return false;
    if (atomic_load_explicit(place, memory_order_relaxed) == page)
        return true;
    if (!ask(address))
        return false;
    if (is_lasting(address))
        atomic_store_explicit(place, page, memory_order_relaxed);
    return true;
}

COLD bool user_memory_ask(const void *pointer, size_t size)
{
    uintptr_t first = (uintptr_t)pointer, last = first + size - (size > 0);

    return last >= first && page_can_be_read(first) &&
           (first / USER_MEMORY_PAGE == last / USER_MEMORY_PAGE || page_can_be_read(last));
}

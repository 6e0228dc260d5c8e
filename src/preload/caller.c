/*
 * rt_sigprocmask(2) reads its set before it looks at what is to be done with it. So
 * with an operation that there is not, it changes nothing, and fails with EFAULT
 * where the set cannot be read, else with EINVAL (Linux 2.6 and later).
 */
#include "preload/caller.h"

#include <errno.h>

#include "core/hot.h"
#include "registry/sys.h"

enum {
    NO_OPERATION = -1,
    SET_SIZE = 8,
};

_Atomic uintptr_t caller_known[CALLER_KNOWN];

static bool ask(uintptr_t address)
{
    int saved = errno;
    bool is_readable =
        sys_sigmask(NO_OPERATION, (const void *)(address & ~(uintptr_t)(SET_SIZE - 1)), NULL) ==
            0 ||
        errno != EFAULT;
    errno = saved;
    return is_readable;
}

static bool page_can_be_read(uintptr_t address)
{
    uintptr_t page = address / CALLER_PAGE;
    _Atomic uintptr_t *place = &caller_known[page % CALLER_KNOWN];

    if (page == 0)
        return false;
    if (atomic_load_explicit(place, memory_order_relaxed) == page)
        return true;
    if (!ask(address))
        return false;
    atomic_store_explicit(place, page, memory_order_relaxed);
    return true;
}

COLD bool caller_asks(const void *pointer, size_t size)
{
    uintptr_t first = (uintptr_t)pointer, last = first + size - (size > 0);

    if (last < first)
        return false;
    return page_can_be_read(first) &&
           (first / CALLER_PAGE == last / CALLER_PAGE || page_can_be_read(last));
}

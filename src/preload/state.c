#include "preload/state.h"

#include <stdatomic.h>
#include <stddef.h>

static _Atomic(struct registry *) current;

struct registry *state_peek(void)
{
    return atomic_load_explicit(&current, memory_order_acquire);
}

struct registry *state_registry(void)
{
    struct registry *known = state_peek();
    if (known != NULL)
        return known;

    struct registry *own = registry_create();
    if (own == NULL)
        return NULL;
    if (atomic_compare_exchange_strong_explicit(&current, &known, own, memory_order_acq_rel,
                                                memory_order_acquire))
        return own;
    registry_destroy(own); /* another thread was first */
    return known;
}

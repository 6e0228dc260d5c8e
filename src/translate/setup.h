/* The table and the settings, read at the first call that needs them. */
#ifndef TRANSLATE_SETUP_H
#define TRANSLATE_SETUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"

/*
 * `diag` is filled in where the configuration is not valid; config is then fit
 * only for its log.
 */
struct setup {
    bool valid;
    atomic_bool reported;         /* what it is, or the fault in it, was told */
    _Atomic uint64_t failures[8]; /* binds that failed of late, so that each is told once */
    struct config config;
    struct diag diag;
};

/* What setup_get returns, once it has been called. */
extern _Atomic(struct setup *) setup_known;
struct setup *setup_load(void);

/*
 * The setup of this process, read now if nobody has yet. NULL where there is no
 * memory for it. Lives until the process ends. Safe in signal handlers and
 * threads without a lock: those who come at the same time each read their own,
 * and the first to be ready is kept.
 */
static inline struct setup *setup_get(void)
{
    struct setup *known = atomic_load_explicit(&setup_known, memory_order_acquire);
    return known != NULL ? known : setup_load();
}

#endif

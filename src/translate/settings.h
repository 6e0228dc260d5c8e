/* The table and the settings of this process, read at the first call that needs them. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"

struct settings {
    bool valid;           /* if not, `diag` says why, and only the log of `config` is set */
    atomic_uint reported; /* the table, or what is wrong with it, was reported */
    _Atomic uint64_t failures[32]; /* hashes of failed binds, so that each is reported once */
    struct config config;
    struct diag diag;
};

/* What settings_get() returns once it has been called. */
extern _Atomic(struct settings *) settings_known;
struct settings *settings_load(void);

/*
 * Returns the settings of this process, or NULL if there is no memory for them. They live
 * until the process ends. Safe in signal handlers and threads without a lock: threads that
 * call it at the same time each read the settings, and the first to finish publishes its
 * own. Keeps errno.
 */
static inline struct settings *settings_get(void)
{
    struct settings *known = atomic_load_explicit(&settings_known, memory_order_acquire);
    return known != NULL ? known : settings_load();
}

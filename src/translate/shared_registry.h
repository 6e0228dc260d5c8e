/* The registry that this process shares with its tree, and what its records go by. */
#pragma once

#include <stdatomic.h>

#include "registry/registry.h"
#include "translate/port_pool.h"

/* What is known already; 0 and NULL for what is not. Side by side, since most calls need them. */
struct shared_registry_known {
    _Atomic(struct registry *) current;
    _Atomic(const struct registry *) for_names;
    _Atomic uint64_t netns;     /* of a process; a supervisor has programs in several */
    _Atomic uint32_t ephemeral; /* the first port above the last, or SHARED_REGISTRY_UNREAD */
    atomic_bool calls_by_table; /* a call may have gone where no record is, but a rule says */
};
extern struct shared_registry_known shared_registry_known;
enum { SHARED_REGISTRY_UNREAD = 1 };

/* What the functions below call while the answer is not known. */
struct registry *shared_registry_open(void);
struct registry *shared_registry_open_existing(void);
const struct registry *shared_registry_find_for_names(void);
uint64_t shared_registry_find_netns(int fd);
uint32_t shared_registry_find_ephemeral(void);

/*
 * Returns the registry of this user or run, and opens it at the first call: the file in the
 * folder REMAP_STATE, in $XDG_RUNTIME_DIR/remap or in /tmp/remap-UID. If that is off or
 * fails, it is memory that only child processes share, and shared_registry_take_problem()
 * says why. Returns NULL if the settings are invalid or there is no memory. Safe in signal
 * handlers and threads without a lock. Keeps errno.
 */
static inline struct registry *shared_registry_get(void)
{
    struct registry *known =
        atomic_load_explicit(&shared_registry_known.current, memory_order_acquire);
    return known != NULL ? known : shared_registry_open();
}

/* The same, but makes no file and no memory: returns NULL if there is no registry yet. */
static inline struct registry *shared_registry_find(void)
{
    struct registry *known =
        atomic_load_explicit(&shared_registry_known.current, memory_order_acquire);
    return known != NULL ? known : shared_registry_open_existing();
}

/* Returns the registry if names are to be translated back to asked ones, else NULL. */
static inline const struct registry *shared_registry_for_names(void)
{
    const struct registry *known =
        atomic_load_explicit(&shared_registry_known.for_names, memory_order_acquire);
    return known != NULL ? known : shared_registry_find_for_names();
}

/*
 * Returns the number of the program's network namespace, as netns_of_socket() does. The
 * kernel is asked once: if the program then changes its namespace without an exec, the
 * answer stays the same. Keeps errno.
 */
static inline uint64_t shared_registry_netns(int fd)
{
    uint64_t known = atomic_load_explicit(&shared_registry_known.netns, memory_order_relaxed);
    return known != 0 ? known : shared_registry_find_netns(fd);
}

/*
 * Returns the ports that the kernel gives to sockets that ask for none
 * (net.ipv4.ip_local_port_range, read once). Keeps errno.
 */
static inline struct port_range shared_registry_ephemeral(void)
{
    uint32_t known = atomic_load_explicit(&shared_registry_known.ephemeral, memory_order_relaxed);

    if (known <= SHARED_REGISTRY_UNREAD)
        known = shared_registry_find_ephemeral();
    return (struct port_range){(uint16_t)(known >> 16), (uint16_t)known};
}

/* Returns true for such a port: a record of it may be stale, with its port in use by another socket. */
static inline bool shared_registry_is_ephemeral(uint16_t port)
{
    struct port_range ephemeral = shared_registry_ephemeral();
    return port >= ephemeral.first && port <= ephemeral.last;
}

/*
 * The same, but the first call answers true without reading the range, which takes longer than a bind: for
 * a caller that can take the number of the socket instead.
 */
static inline bool shared_registry_may_be_ephemeral(uint16_t port)
{
    uint32_t known = atomic_load_explicit(&shared_registry_known.ephemeral, memory_order_relaxed);

    if (known != 0)
        return shared_registry_is_ephemeral(port);
    atomic_store_explicit(&shared_registry_known.ephemeral, SHARED_REGISTRY_UNREAD,
                          memory_order_relaxed);
    return true;
}

/*
 * Opens the registry, and asks the kernel for all that later calls would ask for. For a program
 * that is about to give up a right to do that. Keeps errno.
 */
void shared_registry_prepare(void);

/* Returns a number that is the same for all processes with this registry; 0 if there is none. */
uint32_t shared_registry_seed(void);

/*
 * registry_settle(), at most every 100 ms unless sockets of the port are only counted. Returns false if
 * nothing was done. Keeps errno.
 */
bool shared_registry_settle(uint64_t netns, uint16_t port);

/* Returns why the folder cannot be used, and NULL from the second call on. */
const char *shared_registry_take_problem(void);

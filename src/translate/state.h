/* This process's way to the registry. */
#ifndef TRANSLATE_STATE_H
#define TRANSLATE_STATE_H

#include "registry/registry.h"
#include "translate/setup.h"

/* What was found out already: all zeros before. */
struct state_known {
    _Atomic(struct registry *) current;
    _Atomic(const struct registry *) to_tell;
    _Atomic uint64_t netns;
    _Atomic uint32_t local_ports; /* the first of them above the last */
    atomic_bool calls_by_table;   /* with to_tell: REMAP_CONNECT=table */
};
extern struct state_known state_known;

/* The functions below, when they are called first. */
struct registry *state_open(const struct setup *setup);
const struct registry *state_find_to_tell(void);
uint64_t state_find_netns(int fd);
uint32_t state_find_local_ports(void);

/*
 * The registry of this user or run, opened now if it has not been yet: the file in
 * the folder of REMAP_STATE, in $XDG_RUNTIME_DIR/remap or /tmp/remap-UID; and
 * memory that only children share where that is off, or none of these can be had,
 * which is then told in one line at the first bind. NULL where there is no memory
 * even for that. `setup` is valid. Safe in signal handlers and threads, without a
 * lock; keeps errno.
 */
static inline struct registry *state_registry(const struct setup *setup)
{
    struct registry *known = atomic_load_explicit(&state_known.current, memory_order_acquire);
    return known != NULL ? known : state_open(setup);
}

/* The registry, if programs are to be told what was asked for; else NULL. */
static inline const struct registry *state_to_tell(void)
{
    const struct registry *known = atomic_load_explicit(&state_known.to_tell, memory_order_acquire);
    return known != NULL ? known : state_find_to_tell();
}

/*
 * A number for the network namespace of this process: the cookie of that of the
 * socket `fd` (SO_NETNS_COOKIE, Linux 5.14), which no later namespace has, else
 * the inode of /proc/self/ns/net. Asked for once: in a program that changes its
 * namespace without executing another, it stays what it was. Keeps errno.
 */
static inline uint64_t state_netns(int fd)
{
    uint64_t known = atomic_load_explicit(&state_known.netns, memory_order_relaxed);
    return known != 0 ? known : state_find_netns(fd);
}

/*
 * For an engine whose programs are in several namespaces: has state_netns ask anew; and
 * what it said last, 0 if it has not been asked since.
 */
static inline void state_forget_netns(void)
{
    atomic_store_explicit(&state_known.netns, 0, memory_order_relaxed);
}
static inline uint64_t state_known_netns(void)
{
    return atomic_load_explicit(&state_known.netns, memory_order_relaxed);
}

/*
 * Whether the kernel gives the port to those who ask for none, by what
 * net.ipv4.ip_local_port_range was when it was first asked for. Keeps errno.
 */
static inline bool state_is_local_port(uint16_t port)
{
    uint32_t known = atomic_load_explicit(&state_known.local_ports, memory_order_relaxed);

    if (known == 0)
        known = state_find_local_ports();
    return port >= known >> 16 && port <= (known & 0xffff);
}

/* A number that all processes with the same registry have, and others rather not. */
uint32_t state_seed(const struct registry *r);

/* What was wrong with the folder, once: the next caller gets NULL. */
const char *state_take_problem(void);

#endif

/* This process's way to the registry. */
#ifndef PRELOAD_STATE_H
#define PRELOAD_STATE_H

#include "preload/setup.h"
#include "registry/registry.h"

/*
 * The registry of this user or run, opened now if it has not been yet: the file in
 * the folder of REMAP_STATE, in $XDG_RUNTIME_DIR/remap or /tmp/remap-UID; and
 * memory that only children share where that is off, or none of these can be had,
 * which is then told in one line at the first bind. NULL where there is no memory
 * even for that. `setup` is valid. Safe in signal handlers and threads, without a
 * lock; keeps errno.
 */
struct registry *state_registry(const struct setup *setup);

/*
 * A number for the network namespace of this process: the cookie of that of the
 * socket `fd` (SO_NETNS_COOKIE, Linux 5.14), which no later namespace has, else
 * the inode of /proc/self/ns/net. Asked for once: in a program that changes its
 * namespace without executing another, it stays what it was. Keeps errno.
 */
uint64_t state_netns(int fd);

/* A number that all processes with the same registry have, and others rather not. */
uint32_t state_seed(const struct registry *r);

/* What was wrong with the folder, once: the next caller gets NULL. */
const char *state_take_problem(void);

#endif

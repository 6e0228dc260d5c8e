/* What is made from calls.def, the list of exported functions. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

/*
 * Finds the real functions (libc's, or the next preload's) for next, exec_next and syscall().
 * Calls dlsym(3), which may allocate and takes the loader's lock: for constructors only.
 */
void calls_find(void);

/*
 * Writes a real function to *function, and nothing if there is none. It is found at the first call,
 * and then *known, which begins as NULL. Before glibc 2.34, libresolv has some functions by
 * `other_name`. Calls dlsym(3). Keeps errno.
 */
void calls_find_late(const char *name, const char *other_name, _Atomic(void *) *known,
                     void *function);

/* Returns whether this process is one of musl: its loader has taken the library. */
bool calls_is_musl(void);

/* Makes a system call as the real syscall(2) does, or the next preload's. */
long calls_next_syscall(long number, long a, long b, long c);

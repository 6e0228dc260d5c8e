/* What is made from calls.def, the list of exported functions. */
#pragma once

#include <stdbool.h>

/*
 * Finds the real functions (libc's, or the next preload's) for next, exec_next and syscall().
 * Calls dlsym(3), which may allocate and takes the loader's lock: for constructors only.
 */
void calls_find(void);

/* Returns whether this process is one of musl: its loader has taken the library. */
bool calls_is_musl(void);

/* Makes a system call as the real syscall(2) does, or the next preload's. */
long calls_next_syscall(long number, long a, long b, long c);

/* The functions that ours stand in front of: those of libc, or of the next preload. */
#ifndef PRELOAD_REAL_CALLS_H
#define PRELOAD_REAL_CALLS_H

/*
 * Looks them up for translate/next.h and syscall_hook_next, which are the system calls until
 * then. By dlsym(3), which may allocate and takes the loader's lock: for the constructor
 * alone.
 */
void real_calls_resolve(void);

#endif

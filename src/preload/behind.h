/* The functions that ours stand in front of: those of libc, or of the next preload. */
#ifndef PRELOAD_BEHIND_H
#define PRELOAD_BEHIND_H

/*
 * Looks them up for translate/next.h and bypass_next, which are the system calls until
 * then. By dlsym(3), which may allocate and takes the loader's lock: for the constructor
 * alone.
 */
void behind_resolve(void);

#endif

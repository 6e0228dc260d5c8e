/*
 * Functions that calls go through which a program makes often. The linker lays them
 * side by side: after a system call, each page of code or data that is touched anew
 * may cost more than what is done there.
 */
#ifndef CORE_HOT_H
#define CORE_HOT_H

#define HOT __attribute__((hot))

/* And those beside them that are seldom needed: out of the way, and not inlined. */
#define COLD __attribute__((cold, noinline))

#endif

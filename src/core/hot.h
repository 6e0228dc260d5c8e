/*
 * HOT marks the functions that frequent calls go through. The linker places them side by
 * side: after a system call, each page of code that is not in the cache may cost more
 * than what its instructions do.
 */
#pragma once

#define HOT __attribute__((hot))

/* For the rest of a frequent call, which most calls do without: it keeps its registers to itself. */
#define HOT_REST __attribute__((hot, noinline))

/* COLD marks what is seldom needed: it is placed elsewhere and not inlined. */
#define COLD __attribute__((cold, noinline))

/*
 * HOT marks the functions that frequent calls go through. The linker places them side by
 * side: after a system call, each page of code that is not in the cache may cost more
 * than what its instructions do.
 */
#pragma once

#define HOT __attribute__((hot))

/* HOT_REST marks the part of a frequent call that most calls do not need. Not inlined, it costs these nothing. */
#define HOT_REST __attribute__((hot, noinline))

/* COLD marks what is seldom needed: it is placed elsewhere and not inlined. */
#define COLD __attribute__((cold, noinline))

/* syscall(2): the calls that programs make past the functions that we stand in front of. */
#ifndef PRELOAD_BYPASS_H
#define PRELOAD_BYPASS_H

/*
 * Carries out a call that has a function of ours, as that function does, but that it is
 * no cancellation point; every other goes on to the next syscall(). Where the machine
 * has no code for that here, syscall() is not stood in front of.
 */
long bypass_call(long number, long a, long b, long c, long d, long e, long f);

/* The next syscall(): bypass_syscall, until behind_resolve has looked it up. */
typedef long bypass_function(long, ...);
extern bypass_function *bypass_next;

/* The system call itself, as libc's syscall(). */
long bypass_syscall(long number, ...);

#endif

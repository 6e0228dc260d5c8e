/* syscall(2): the calls that programs make past the functions that we stand in front of. */
#ifndef PRELOAD_SYSCALL_HOOK_H
#define PRELOAD_SYSCALL_HOOK_H

/*
 * Carries out a call that has a function of ours, as that function does, but that it is
 * no cancellation point; every other goes on to the next syscall(). Where the machine
 * has no code for that here, syscall() is not stood in front of.
 */
long syscall_hook_call(long number, long a, long b, long c, long d, long e, long f);

/* The next syscall(): syscall_hook_syscall, until real_calls_resolve has looked it up. */
typedef long syscall_hook_function(long, ...);
extern syscall_hook_function *syscall_hook_next;

/* The system call itself, as libc's syscall(). */
long syscall_hook_syscall(long number, ...);

#endif

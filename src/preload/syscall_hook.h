/* syscall(2): system calls by their numbers. */
#ifndef PRELOAD_SYSCALL_HOOK_H
#define PRELOAD_SYSCALL_HOOK_H

/*
 * The library's syscall() handles a system call of calls.def as the function of that name,
 * except that it is no cancellation point. It hands every other call to syscall_hook_next:
 * a plain system call until calls_find has found the real syscall(). It exists on x86-64 and
 * 64-bit Arm; elsewhere the library does not export syscall().
 */
typedef long syscall_hook_function(long number, long a, long b, long c, long d, long e, long f);
extern syscall_hook_function *syscall_hook_next;

#endif

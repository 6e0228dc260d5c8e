/*
 * syscall(2) is not like the other functions. Some system calls return twice on one stack, as
 * vfork(2) does. So syscall() must hand on what it does not catch by a jump: a frame of its own
 * would be returned through twice. That takes a few instructions of assembly for each machine.
 * For what it catches it jumps to a C function, which gets the same arguments: both take seven
 * long integers.
 */
#include "preload/syscall_hook.h"

#include <pthread.h>
#include <stdbool.h>

#include "linux/sys.h"
#include "preload/calls.h"
#include "preload/exec.h"
#include "preload/socket_calls.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/peername.h"
#include "translate/sockname.h"

/* The assembly below uses these by name. gcc -flto would drop or rename them otherwise. */
#define USED __attribute__((used))

#if !SYS_BY_LIBC && defined(__x86_64__)

__asm__(".text\n"
        ".globl syscall\n"
        ".type syscall, @function\n"
        "syscall:\n"
        "    endbr64\n"
        "    movl %edi, %eax\n"
        "    cmpl $512, %eax\n"
        "    jae 1f\n"
        "    leaq syscall_hook_caught(%rip), %r11\n"
        "    cmpb $0, (%r11, %rax)\n"
        "    jne syscall_hook_call\n"
        "1:  jmpq *syscall_hook_next(%rip)\n"
        ".size syscall, . - syscall\n");

#elif !SYS_BY_LIBC

__asm__(".text\n"
        ".globl syscall\n"
        ".type syscall, %function\n"
        "syscall:\n"
        "    hint #34\n" /* bti c */
        "    cmp w0, #512\n"
        "    b.hs 1f\n"
        "    adrp x16, syscall_hook_caught\n"
        "    add x16, x16, #:lo12:syscall_hook_caught\n"
        "    ldrb w16, [x16, w0, uxtw]\n"
        "    cbnz w16, syscall_hook_call\n"
        "1:  adrp x16, syscall_hook_next\n"
        "    ldr x16, [x16, #:lo12:syscall_hook_next]\n"
        "    br x16\n"
        ".size syscall, . - syscall\n");

#endif

#if SYS_BY_LIBC

syscall_hook_function *syscall_hook_next;

#else

__attribute__((noinline)) static long fail(long result)
{
    errno = (int)-result;
    return -1;
}

/* As libc's syscall(). An optimizing compiler gives it no frame: it ends with its only call. */
static long call_plain(long number, long a, long b, long c, long d, long e, long f)
{
    long result = sys_enter(number, a, b, c, d, e, f);

    return (unsigned long)result < (unsigned long)-4095L ? result : fail(result);
}

USED syscall_hook_function *syscall_hook_next = call_plain;

/* Whether syscall() catches the system call of each number. */
USED const bool syscall_hook_caught[512] = {
#define SOCKET_CALL(name, ...) [SYS_##name] = true,
#define EXEC_CALL(name, ...) [SYS_##name] = true,
#include "preload/calls.def"
};

static long call_socket(int number, long a, long b, long c, long d, long e, long f)
{
    switch (number) {
#define SOCKET_CALL(name, result, handler, ...)                                                    \
    case SYS_##name:                                                                               \
        return handler CASTS(__VA_ARGS__);
#include "preload/calls.def"
    }
    return -1;
}

USED long syscall_hook_call(int number, long a, long b, long c, long d, long e, long f)
{
    int state, ignored;

    switch (number) {
#define EXEC_CALL(name, result, handler, ...)                                                      \
    case SYS_##name:                                                                               \
        return handler CASTS(__VA_ARGS__);
#include "preload/calls.def"
    }
    /* Not around exec: a child of vfork(2) would leave its parent's thread not cancellable. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    long result = call_socket(number, a, b, c, d, e, f);
    pthread_setcancelstate(state, &ignored);
    return result;
}

#endif

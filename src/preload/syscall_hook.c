/*
 * syscall(2) is not like the other functions. Some system calls return twice on one stack, as
 * vfork(2) does. So syscall() must hand on what it does not catch by a jump: a frame of its own
 * would be returned through twice. That takes a few instructions of assembly for each machine.
 * For what it catches it jumps to a C function, which gets the same arguments: both take seven
 * long integers.
 */
#include "preload/syscall_hook.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "preload/calls.h"
#include "preload/exec.h"
#include "preload/socket_calls.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/peername.h"
#include "translate/sockname.h"

/* The assembly below uses these by name. gcc -flto would drop or rename them otherwise. */
#define USED __attribute__((used))

#if defined(__x86_64__) && defined(__LP64__)

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
        ".size syscall, . - syscall\n"
        ".globl syscall_hook_plain\n"
        ".hidden syscall_hook_plain\n"
        ".type syscall_hook_plain, @function\n"
        "syscall_hook_plain:\n"
        "    endbr64\n"
        "    movq %rdi, %rax\n"
        "    movq %rsi, %rdi\n"
        "    movq %rdx, %rsi\n"
        "    movq %rcx, %rdx\n"
        "    movq %r8, %r10\n"
        "    movq %r9, %r8\n"
        "    movq 8(%rsp), %r9\n"
        "    syscall\n"
        "    cmpq $-4095, %rax\n"
        "    jae 1f\n"
        "    ret\n"
        "1:  movq %rax, %rdi\n"
        "    jmp syscall_hook_fail\n"
        ".size syscall_hook_plain, . - syscall_hook_plain\n");

#elif defined(__aarch64__) && defined(__LP64__)

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
        ".size syscall, . - syscall\n"
        ".globl syscall_hook_plain\n"
        ".hidden syscall_hook_plain\n"
        ".type syscall_hook_plain, %function\n"
        "syscall_hook_plain:\n"
        "    hint #34\n"
        "    mov x8, x0\n"
        "    mov x0, x1\n"
        "    mov x1, x2\n"
        "    mov x2, x3\n"
        "    mov x3, x4\n"
        "    mov x4, x5\n"
        "    mov x5, x6\n"
        "    svc #0\n"
        "    cmn x0, #4095\n"
        "    b.cs syscall_hook_fail\n"
        "    ret\n"
        ".size syscall_hook_plain, . - syscall_hook_plain\n");

#else
#define WITHOUT_ASSEMBLY
#endif

#ifdef WITHOUT_ASSEMBLY

syscall_hook_function *syscall_hook_next;

#else

syscall_hook_function syscall_hook_plain;
USED syscall_hook_function *syscall_hook_next = syscall_hook_plain;

/* Whether syscall() catches the system call of each number. */
USED const bool syscall_hook_caught[512] = {
#define SOCKET_CALL(name, ...) [SYS_##name] = true,
#define EXEC_CALL(name, ...) [SYS_##name] = true,
#include "preload/calls.def"
};

/* Ends a plain system call that failed with -errno. */
USED long syscall_hook_fail(long result)
{
    errno = (int)-result;
    return -1;
}

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

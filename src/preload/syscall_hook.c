/*
 * syscall(2) is not a function like the others. Some of what is called through it
 * returns twice, on one stack, as vfork(2) does; so what is not ours must be handed
 * on by a jump, with no frame of ours on the stack to be returned through twice. That
 * takes a few instructions for each kind of machine. What is ours goes on to a function
 * of C with the very same arguments: both take them as seven long integers.
 */
#include "preload/syscall_hook.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>

#include "linux/socket.h"
#include "linux/sys.h"
#include "preload/exec.h"
#include "preload/listen.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/next.h"
#include "translate/peername.h"
#include "translate/sockname.h"

syscall_hook_function *syscall_hook_next = syscall_hook_syscall;

/* The code below knows the numbers of the calls. */

#if defined(__x86_64__) && defined(__LP64__)

_Static_assert(SYS_socket == 41 && SYS_connect == 42 && SYS_accept == 43 && SYS_sendto == 44 &&
                   SYS_recvfrom == 45 && SYS_sendmsg == 46 && SYS_recvmsg == 47 && SYS_bind == 49 &&
                   SYS_listen == 50 && SYS_getsockname == 51 && SYS_getpeername == 52 &&
                   SYS_accept4 == 288 && SYS_recvmmsg == 299 && SYS_sendmmsg == 307 &&
                   SYS_execve == 59 && SYS_execveat == 322,
               "the numbers of asm/unistd_64.h");

__asm__(".text\n"
        ".globl syscall\n"
        ".type syscall, @function\n"
        "syscall:\n"
        "    endbr64\n"
        "    leaq -41(%rdi), %rax\n"
        "    cmpq $52 - 41, %rax\n"
        "    jbe syscall_hook_call\n"
        "    cmpq $288, %rdi\n"
        "    je syscall_hook_call\n"
        "    cmpq $299, %rdi\n"
        "    je syscall_hook_call\n"
        "    cmpq $307, %rdi\n"
        "    je syscall_hook_call\n"
        "    cmpq $59, %rdi\n"
        "    je syscall_hook_call\n"
        "    cmpq $322, %rdi\n"
        "    je syscall_hook_call\n"
        "    jmpq *syscall_hook_next(%rip)\n"
        ".size syscall, . - syscall\n"
        ".globl syscall_hook_syscall\n"
        ".hidden syscall_hook_syscall\n"
        ".type syscall_hook_syscall, @function\n"
        "syscall_hook_syscall:\n"
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
        ".size syscall_hook_syscall, . - syscall_hook_syscall\n");

#elif defined(__aarch64__) && defined(__LP64__)

_Static_assert(SYS_socket == 198 && SYS_bind == 200 && SYS_listen == 201 && SYS_accept == 202 &&
                   SYS_connect == 203 && SYS_getsockname == 204 && SYS_getpeername == 205 &&
                   SYS_sendto == 206 && SYS_recvfrom == 207 && SYS_sendmsg == 211 &&
                   SYS_recvmsg == 212 && SYS_accept4 == 242 && SYS_recvmmsg == 243 &&
                   SYS_sendmmsg == 269 && SYS_execve == 221 && SYS_execveat == 281,
               "the numbers of asm-generic/unistd.h");

__asm__(".text\n"
        ".globl syscall\n"
        ".type syscall, %function\n"
        "syscall:\n"
        "    hint #34\n" /* bti c */
        "    sub x9, x0, #198\n"
        "    cmp x9, #212 - 198\n"
        "    b.ls syscall_hook_call\n"
        "    sub x9, x0, #242\n"
        "    cmp x9, #243 - 242\n"
        "    b.ls syscall_hook_call\n"
        "    cmp x0, #269\n"
        "    b.eq syscall_hook_call\n"
        "    cmp x0, #221\n"
        "    b.eq syscall_hook_call\n"
        "    cmp x0, #281\n"
        "    b.eq syscall_hook_call\n"
        "    adrp x16, syscall_hook_next\n"
        "    ldr x16, [x16, #:lo12:syscall_hook_next]\n"
        "    br x16\n"
        ".size syscall, . - syscall\n"
        ".globl syscall_hook_syscall\n"
        ".hidden syscall_hook_syscall\n"
        ".type syscall_hook_syscall, %function\n"
        "syscall_hook_syscall:\n"
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
        ".size syscall_hook_syscall, . - syscall_hook_syscall\n");

#else

long syscall_hook_syscall(long number, ...)
{
    long argument[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    return sys_call6(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                     argument[5]);
}

#endif

/* What is left of a system call that failed, whose result is given. */
__attribute__((used)) static long fail(long result) __asm__("syscall_hook_fail");
static long fail(long result)
{
    errno = (int)-result;
    return -1;
}

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    switch (number) {
    case SYS_socket:
        socket_note((int)a, (int)b, (int)c);
        return next.socket((int)a, (int)b, (int)c);
    case SYS_bind:
        return bind_socket((int)a, (void *)b, (socklen_t)c);
    case SYS_listen:
        return listen_socket((int)a, (int)b);
    case SYS_connect:
        return connect_socket((int)a, (void *)b, (socklen_t)c);
    case SYS_sendto:
        return connect_sendto((int)a, (void *)b, (size_t)c, (int)d, (void *)e, (socklen_t)f);
    case SYS_sendmsg:
        return connect_sendmsg((int)a, (void *)b, (int)c);
    case SYS_sendmmsg:
        return connect_sendmmsg((int)a, (void *)b, (unsigned)c, (int)d);
    case SYS_getsockname:
        return sockname_get((int)a, (void *)b, (void *)c);
    case SYS_getpeername:
        return peername_get((int)a, (void *)b, (void *)c);
    case SYS_accept:
        return peername_accept((int)a, (void *)b, (void *)c);
    case SYS_accept4:
        return peername_accept4((int)a, (void *)b, (void *)c, (int)d);
    case SYS_recvfrom:
        return peername_recvfrom((int)a, (void *)b, (size_t)c, (int)d, (void *)e, (void *)f);
    case SYS_recvmsg:
        return peername_recvmsg((int)a, (void *)b, (int)c);
    case SYS_recvmmsg:
        return peername_recvmmsg((int)a, (void *)b, (unsigned)c, (int)d, (void *)e);
    default:
        return syscall_hook_next(number, a, b, c, d, e, f);
    }
}

long syscall_hook_call(long number, long a, long b, long c, long d, long e, long f)
{
    int state, ignored;

    /* Not between these two: the child of a vfork(2) would never come to the second. */
    if (number == SYS_execve)
        return exec_path((const char *)a, (void *)b, (void *)c);
    if (number == SYS_execveat)
        return exec_at((int)a, (const char *)b, (void *)c, (void *)d, (int)e);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    long result = call(number, a, b, c, d, e, f);
    pthread_setcancelstate(state, &ignored);
    return result;
}

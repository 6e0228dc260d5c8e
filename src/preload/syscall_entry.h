/*
 * SYSCALL_ENTRY: syscall(2) in assembly, for the machines whose sys_enter_call() is known. A number for which
 * calls_syscall_caught is true goes to calls_syscall(), any other to what calls_syscall_next
 * points to: each by a jump, with all arguments where they are.
 */
#pragma once

#include "linux/sys.h"

/* The numbers that calls_syscall_caught has. */
#define SYSCALL_NUMBERS 512

/* A call that a machine does not have gets a number that syscall() never looks up. */
#ifndef SYS_accept
#define SYS_accept SYSCALL_NUMBERS
#endif

#define SYSCALL_BEGIN ".text\n.globl syscall\n.type syscall, STT_FUNC\nsyscall:\n"
#define SYSCALL_END ".size syscall, . - syscall\n"

#ifdef SYS_BY_LIBC
/* There is none. */
#elif defined(__x86_64__)

#define SYSCALL_ENTRY                                                                              \
    SYSCALL_BEGIN                                                                                  \
    "    endbr64\n"                                                                                \
    "    movl %edi, %eax\n"                                                                        \
    "    cmpl $512, %eax\n"                                                                        \
    "    jae 1f\n"                                                                                 \
    "    leaq calls_syscall_caught(%rip), %r11\n"                                                  \
    "    cmpb $0, (%r11, %rax)\n"                                                                  \
    "    jne calls_syscall\n"                                                                      \
    "1:  jmpq *calls_syscall_next(%rip)\n" SYSCALL_END

#elif defined(__i386__)

#define SYSCALL_ENTRY                                                                              \
    SYSCALL_BEGIN                                                                                  \
    "    call 0f\n"                                                                                \
    "0:  popl %edx\n"                                                                              \
    "    addl $_GLOBAL_OFFSET_TABLE_ + (. - 0b), %edx\n"                                           \
    "    movl 4(%esp), %eax\n"                                                                     \
    "    cmpl $512, %eax\n"                                                                        \
    "    jae 1f\n"                                                                                 \
    "    cmpb $0, calls_syscall_caught@GOTOFF(%edx, %eax)\n"                                       \
    "    jne calls_syscall\n"                                                                      \
    "1:  jmp *calls_syscall_next@GOTOFF(%edx)\n" SYSCALL_END

#elif defined(__aarch64__)

#define SYSCALL_ENTRY                                                                              \
    SYSCALL_BEGIN                                                                                  \
    "    hint #34\n" /* bti c */                                                                   \
    "    cmp w0, #512\n"                                                                           \
    "    b.hs 1f\n"                                                                                \
    "    adrp x16, calls_syscall_caught\n"                                                         \
    "    add x16, x16, #:lo12:calls_syscall_caught\n"                                              \
    "    ldrb w16, [x16, w0, uxtw]\n"                                                              \
    "    cbnz w16, calls_syscall\n"                                                                \
    "1:  adrp x16, calls_syscall_next\n"                                                           \
    "    ldr x16, [x16, #:lo12:calls_syscall_next]\n"                                              \
    "    br x16\n" SYSCALL_END

#elif defined(__arm__)

/* The program counter is two instructions ahead. */
#define SYSCALL_ENTRY                                                                              \
    ".text\n"                                                                                      \
    ".syntax unified\n"                                                                            \
    ".arm\n"                                                                                       \
    ".balign 4\n" SYSCALL_BEGIN "    cmp r0, #512\n"                                               \
    "    bhs 1f\n"                                                                                 \
    "    ldr ip, 3f\n"                                                                             \
    "0:  add ip, pc, ip\n"                                                                         \
    "    ldrb ip, [ip, r0]\n"                                                                      \
    "    cmp ip, #0\n"                                                                             \
    "    bne calls_syscall\n"                                                                      \
    "1:  ldr ip, 4f\n"                                                                             \
    "2:  ldr pc, [pc, ip]\n"                                                                       \
    "3:  .word calls_syscall_caught - (0b + 8)\n"                                                  \
    "4:  .word calls_syscall_next - (2b + 8)\n" SYSCALL_END

#elif defined(__riscv)

#define SYSCALL_ENTRY                                                                              \
    SYSCALL_BEGIN                                                                                  \
    "    li t0, 512\n"                                                                             \
    "    bgeu a0, t0, 1f\n"                                                                        \
    "    lla t0, calls_syscall_caught\n"                                                           \
    "    add t0, t0, a0\n"                                                                         \
    "    lbu t0, 0(t0)\n"                                                                          \
    "    bnez t0, 2f\n"                                                                            \
    "1:  lla t0, calls_syscall_next\n"                                                             \
    "    ld t0, 0(t0)\n"                                                                           \
    "    jr t0\n"                                                                                  \
    "2:  tail calls_syscall\n" SYSCALL_END

#elif defined(__powerpc64__) && _CALL_ELF == 2

/* A caller in another object restores its own TOC pointer after the call. */
#define SYSCALL_ENTRY                                                                              \
    SYSCALL_BEGIN                                                                                  \
    "0:  addis 2, 12, (.TOC. - 0b)@ha\n"                                                           \
    "    addi 2, 2, (.TOC. - 0b)@l\n"                                                              \
    ".localentry syscall, . - syscall\n"                                                           \
    "    cmplwi 3, 512\n"                                                                          \
    "    bge 1f\n"                                                                                 \
    "    addis 11, 2, calls_syscall_caught@toc@ha\n"                                               \
    "    addi 11, 11, calls_syscall_caught@toc@l\n"                                                \
    "    lbzx 11, 11, 3\n"                                                                         \
    "    cmpwi 11, 0\n"                                                                            \
    "    bne 2f\n"                                                                                 \
    "1:  addis 12, 2, calls_syscall_next@toc@ha\n"                                                 \
    "    ld 12, calls_syscall_next@toc@l(12)\n"                                                    \
    "    mtctr 12\n"                                                                               \
    "    bctr\n"                                                                                   \
    "2:  b calls_syscall\n" SYSCALL_END

#elif defined(__s390x__)

#define SYSCALL_ENTRY                                                                              \
    SYSCALL_BEGIN                                                                                  \
    "    clgfi %r2, 512\n"                                                                         \
    "    jhe 1f\n"                                                                                 \
    "    larl %r1, calls_syscall_caught\n"                                                         \
    "    llgc %r1, 0(%r2, %r1)\n"                                                                  \
    "    ltgr %r1, %r1\n"                                                                          \
    "    jgne calls_syscall\n"                                                                     \
    "1:  lgrl %r1, calls_syscall_next\n"                                                           \
    "    br %r1\n" SYSCALL_END

#endif

/*
 * A seccomp filter as strict programs have one: it kills the process for each system call that the
 * steps do not make themselves, as far as the library could have a use for it.
 */
#include "probe.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t FORBIDDEN[] = {
    SYS_brk,
#ifdef SYS_mmap
    SYS_mmap,
#else
    SYS_mmap2,
#endif
    SYS_munmap,
    SYS_madvise,
    SYS_openat,
    SYS_read,
    SYS_preadv,
    SYS_pread64,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_mkdirat,
    SYS_fchmod,
    SYS_fallocate,
    SYS_ftruncate,
    SYS_statx,
#ifdef SYS_newfstatat
    SYS_newfstatat,
#else
    SYS_fstatat64,
#endif
    SYS_faccessat,
    __NR_faccessat2,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getrandom,
    SYS_uname,
    SYS_prlimit64,
    SYS_prctl,
    SYS_seccomp,
    SYS_getsockopt,
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_ppoll,
    SYS_nanosleep,
    SYS_kill,
    SYS_ioctl,
    SYS_sched_yield,
    SYS_rt_sigprocmask,
    SYS_rt_sigpending,
    SYS_rt_sigtimedwait,
#ifdef SYS_clock_gettime
    SYS_clock_gettime,
#else
    SYS_clock_gettime32, /* musl's name of it on 32 bits */
#endif
    SYS_process_vm_readv,
    SYS_pwritev2,
};

enum { FORBIDDEN_COUNT = sizeof(FORBIDDEN) / sizeof(FORBIDDEN[0]) };

static void do_filter(const char *how)
{
    /* The number; each forbidden one; socket(AF_NETLINK); and the two answers. */
    struct sock_filter code[FORBIDDEN_COUNT + 6];
    struct sock_fprog program = {.filter = code};
    unsigned short n = 0;

    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < FORBIDDEN_COUNT; i++)
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FORBIDDEN[i],
                                                 (uint8_t)(FORBIDDEN_COUNT - i + 3), 0);
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 2);
    code[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    program.len = n;
    puts("filter"); /* so that standard output has its buffer */
    bool is_installed = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                        (strcmp(how, "prctl") == 0
                             ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
                             : syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) == 0;
    if (!is_installed)
        puts("no filter");
}

const struct probe_step probe_filter_steps[] = {
    {"filter=", do_filter},
    {NULL, NULL},
};

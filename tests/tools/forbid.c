/*
 * forbid WHAT HOW COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND under a seccomp filter, as a container has one. WHAT is a system call, which
 * then fails as HOW says (EPERM, ENOSYS, EINVAL), or kills (kill); or "nothing". With HOW "listener", the
 * filter forbids nothing, but has a listener, as the notify engine's has. Exits 125 where
 * that cannot be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    uint32_t number;
} CALLS[] = {
    {"nothing", UINT32_MAX},
    {"seccomp", SYS_seccomp},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
};

static const struct {
    const char *name;
    uint32_t action;
    unsigned long flags;
} WAYS[] = {
    {"EPERM", SECCOMP_RET_ERRNO | EPERM, 0},
    {"ENOSYS", SECCOMP_RET_ERRNO | ENOSYS, 0},
    {"EINVAL", SECCOMP_RET_ERRNO | EINVAL, 0},
    {"kill", SECCOMP_RET_KILL_PROCESS, 0},
    {"listener", SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER},
};

enum { CALL_COUNT = sizeof(CALLS) / sizeof(CALLS[0]), WAY_COUNT = sizeof(WAYS) / sizeof(WAYS[0]) };

static int fail(const char *what)
{
    fprintf(stderr, "forbid: %s: %s\n", what, strerror(errno));
    return 125;
}

/* Without a look at the architecture: it is a test's own. */
static long install(uint32_t number, uint32_t action, unsigned long flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int main(int argc, char **argv)
{
    size_t call = 0, way = 0;

    if (argc < 4) {
        fputs("usage: forbid WHAT HOW COMMAND [ARGUMENT]...\n", stderr);
        return 125;
    }
    while (call < CALL_COUNT && strcmp(CALLS[call].name, argv[1]) != 0)
        call++;
    while (way < WAY_COUNT && strcmp(WAYS[way].name, argv[2]) != 0)
        way++;
    if (call == CALL_COUNT || way == WAY_COUNT) {
        errno = EINVAL;
        return fail(argv[1]);
    }
    long listener = install(CALLS[call].number, WAYS[way].action, WAYS[way].flags);
    /* A filter whose listener is closed has none. */
    if (listener < 0 || (listener > 0 && fcntl((int)listener, F_SETFD, 0) != 0))
        return fail("no filter");
    execvp(argv[3], argv + 3);
    return fail(argv[3]);
}

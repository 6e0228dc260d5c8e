/*
 * forbid WHAT HOW COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND under a seccomp filter, as a container has one. WHAT is a system call, or several
 * with commas, which then fail as HOW says (EPERM, ENOSYS, EINVAL), or kill (kill); or "nothing". With HOW "listener", the
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
    {"statx", SYS_statx},
    {"faccessat2", SYS_faccessat2},
    {"close_range", SYS_close_range},
    {"madvise", SYS_madvise},
    {"fallocate", SYS_fallocate},
    {"prlimit64", SYS_prlimit64},
    {"pwritev2", SYS_pwritev2},
    {"execveat", SYS_execveat},
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

/* Reads the calls that are named in `text`. Returns how many there are, or 0 if one is unknown. */
static size_t read_calls(char *text, uint32_t numbers[CALL_COUNT])
{
    size_t count = 0;

    for (char *name = strtok(text, ","); name != NULL; name = strtok(NULL, ",")) {
        size_t i = 0;
        while (i < CALL_COUNT && strcmp(CALLS[i].name, name) != 0)
            i++;
        if (i == CALL_COUNT || count == CALL_COUNT)
            return 0;
        numbers[count++] = CALLS[i].number;
    }
    return count;
}

/* Without a look at the architecture: it is a test's own. */
static long install(const uint32_t *numbers, size_t count, uint32_t action, unsigned long flags)
{
    struct sock_filter code[CALL_COUNT + 3] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_fprog program = {.len = (unsigned short)(count + 3), .filter = code};

    for (size_t i = 0; i < count; i++)
        code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i],
                                                   (uint8_t)(count - i), 0);
    code[count + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    code[count + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int main(int argc, char **argv)
{
    uint32_t numbers[CALL_COUNT];
    size_t way = 0;

    if (argc < 4) {
        fputs("usage: forbid WHAT HOW COMMAND [ARGUMENT]...\n", stderr);
        return 125;
    }
    size_t count = read_calls(argv[1], numbers);
    while (way < WAY_COUNT && strcmp(WAYS[way].name, argv[2]) != 0)
        way++;
    if (count == 0 || way == WAY_COUNT) {
        errno = EINVAL;
        return fail(argv[1]);
    }
    long listener = install(numbers, count, WAYS[way].action, WAYS[way].flags);
    /* A filter whose listener is closed has none. */
    if (listener < 0 || (listener > 0 && fcntl((int)listener, F_SETFD, 0) != 0))
        return fail("no filter");
    execvp(argv[3], argv + 3);
    return fail(argv[3]);
}

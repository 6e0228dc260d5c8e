/*
 * forbid WHAT HOW COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND under a seccomp filter, as a container has one. WHAT is a system call, or several
 * with commas, which then fail as HOW says (EPERM, ENOSYS, EINVAL), or kill (kill); or "nothing". With HOW "listener", the
 * filter forbids nothing, but has a listener, as the notify engine's has. Exits 125 where
 * that cannot be had.
 *
 * forbid linux VERSION COMMAND [ARGUMENT]...
 *
 * Becomes COMMAND as a kernel of that version (5.10) would run it: a call, an option or a flag that came
 * later fails as it does there. What lies in memory, no filter sees: the states that sock_diag(7) is
 * asked for, the rights of a Landlock ruleset, the release of uname(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
    {"pidfd_getfd", __NR_pidfd_getfd},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"statx", SYS_statx},
    {"faccessat2", __NR_faccessat2},
    {"close_range", __NR_close_range},
    {"madvise", SYS_madvise},
    {"fallocate", SYS_fallocate},
    {"prlimit64", SYS_prlimit64},
    {"pwritev2", SYS_pwritev2},
    {"execveat", SYS_execveat},
#ifdef SYS_socketcall
    {"socketcall", SYS_socketcall},
#else
    {"socketcall", UINT32_MAX},
#endif
};

/* ---- what came with which kernel ---- */

enum { FIRST_LISTED = 418 }; /* Linux 4.18: what is older is taken to be there */

#define SINCE(major, minor) ((major)*100 + (minor))

/* Since Linux 5.1, a system call has the same number on every machine but Alpha. */
static const struct range {
    uint32_t first, last;
    int since;
} RANGES[] = {
    {403, 427, SINCE(5, 1)},  /* clock_gettime64 ... pidfd_send_signal, io_uring_setup */
    {428, 433, SINCE(5, 2)},  /* open_tree ... fspick */
    {434, 435, SINCE(5, 3)},  /* pidfd_open, clone3 */
    {436, 436, SINCE(5, 9)},  /* close_range */
    {437, 438, SINCE(5, 6)},  /* openat2, pidfd_getfd */
    {439, 439, SINCE(5, 8)},  /* faccessat2 */
    {440, 440, SINCE(5, 10)}, /* process_madvise */
    {441, 441, SINCE(5, 11)}, /* epoll_pwait2 */
    {442, 442, SINCE(5, 12)}, /* mount_setattr */
    {443, 443, SINCE(5, 14)}, /* quotactl_fd */
    {444, 446, SINCE(5, 13)}, /* landlock_create_ruleset ... landlock_restrict_self */
    {447, 447, SINCE(5, 14)}, /* memfd_secret */
    {448, 448, SINCE(5, 15)}, /* process_mrelease */
    {449, 449, SINCE(5, 16)}, /* futex_waitv */
    {450, 450, SINCE(5, 17)}, /* set_mempolicy_home_node */
    {451, 451, SINCE(6, 5)},  /* cachestat */
    {452, 453, SINCE(6, 6)},  /* fchmodat2, map_shadow_stack */
    {454, 456, SINCE(6, 7)},  /* futex_wake ... futex_requeue */
    {457, 461, SINCE(6, 8)},  /* statmount ... lsm_list_modules */
    {462, 511, SINCE(6, 10)}, /* mseal and later ones */
};

/* What came later to a call: two of its arguments have these values, under these masks. */
static const struct feature {
    int since, error;
    uint32_t number;
    uint32_t argument, mask, value;
    uint32_t argument2, mask2, value2; /* or all zeros */
} FEATURES[] = {
#define IS(argument, value) argument, UINT32_MAX, value
#define HAS(argument, flag) argument, flag, flag
    {SINCE(5, 0), EINVAL, SYS_seccomp, IS(0, 3 /* GET_NOTIF_SIZES */), 0, 0, 0},
    {SINCE(5, 0), EINVAL, SYS_seccomp, IS(0, 1), HAS(1, 1 << 3 /* NEW_LISTENER */)},
    {SINCE(5, 19), EINVAL, SYS_seccomp, IS(0, 1), HAS(1, 1 << 5 /* WAIT_KILLABLE_RECV */)},
    {SINCE(5, 9), EINVAL, SYS_ioctl, IS(1, SECCOMP_IOW(3, char[24])) /* NOTIF_ADDFD */, 0, 0, 0},
    {SINCE(6, 6), EINVAL, SYS_ioctl, IS(1, SECCOMP_IOW(4, uint64_t)) /* SET_FLAGS */, 0, 0, 0},
    {SINCE(5, 10), EINVAL, SYS_pidfd_open, HAS(1, O_NONBLOCK), 0, 0, 0},
    {SINCE(6, 9), EINVAL, SYS_pidfd_open, HAS(1, O_EXCL /* PIDFD_THREAD */), 0, 0, 0},
    {SINCE(5, 11), EINVAL, __NR_close_range, HAS(2, 1 << 2 /* CLOEXEC */), 0, 0, 0},
    {SINCE(5, 4), EINVAL, SYS_waitid, IS(0, 3 /* P_PIDFD */), 0, 0, 0},
    {SINCE(5, 5), EOPNOTSUPP, SYS_pwritev2, HAS(5, 1 << 3 /* RWF_NOWAIT */), 0, 0, 0},
    {SINCE(5, 6), EPROTONOSUPPORT, SYS_socket, IS(2, 262 /* MPTCP */), 0, 0, 0},
    {SINCE(5, 14), ENOPROTOOPT, SYS_getsockopt, IS(1, 1), IS(2, 71 /* SO_NETNS_COOKIE */)},
    {SINCE(6, 5), ENOPROTOOPT, SYS_getsockopt, IS(1, 1), IS(2, 77 /* SO_PEERPIDFD */)},
    {SINCE(6, 3), ENOPROTOOPT, SYS_setsockopt, IS(1, 0), IS(2, 51 /* IP_LOCAL_PORT_RANGE */)},
    {SINCE(5, 4), EINVAL, SYS_madvise, IS(2, 20 /* MADV_COLD */), 0, 0, 0},
    {SINCE(5, 4), EINVAL, SYS_madvise, IS(2, 21 /* MADV_PAGEOUT */), 0, 0, 0},
    {SINCE(6, 3), EINVAL, SYS_memfd_create, HAS(1, 1 << 3 /* MFD_NOEXEC_SEAL */), 0, 0, 0},
    {SINCE(6, 3), EINVAL, SYS_memfd_create, HAS(1, 1 << 4 /* MFD_EXEC */), 0, 0, 0},
};

/* ---- the ways to forbid ---- */

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
static long install(const struct sock_filter *code, size_t size, unsigned long flags)
{
    struct sock_fprog program = {(unsigned short)size, (struct sock_filter *)code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);

    if (result < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    return result;
}

#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ERROR_ANSWER(error) ANSWER(SECCOMP_RET_ERRNO | (uint32_t)(error))

static long forbid_calls(const uint32_t *numbers, size_t count, uint32_t action,
                         unsigned long flags)
{
    struct sock_filter code[CALL_COUNT + 3] = {LOAD_NUMBER};

    for (size_t i = 0; i < count; i++)
        code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i],
                                                   (uint8_t)(count - i), 0);
    code[count + 1] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    code[count + 2] = (struct sock_filter)ANSWER(action);
    return install(code, count + 3, flags);
}

/* Where the lower half of an argument is. */
static uint32_t place_of(size_t argument)
{
    const uint16_t one = 1;
    bool is_big = *(const uint8_t *)&one == 0;

    return (uint32_t)(offsetof(struct seccomp_data, args) + 8 * argument + (is_big ? 4 : 0));
}

enum {
    RANGE_COUNT = sizeof(RANGES) / sizeof(RANGES[0]),
    FEATURE_COUNT = sizeof(FEATURES) / sizeof(FEATURES[0]),
    RANGE_SIZE = 3,
    FEATURE_SIZE = 9,
};

static long be_kernel(int version)
{
    struct sock_filter code[RANGE_COUNT * RANGE_SIZE + FEATURE_COUNT * FEATURE_SIZE + 2] = {
        LOAD_NUMBER};
    size_t size = 1;

    for (const struct range *r = RANGES; r < RANGES + RANGE_COUNT; r++) {
        const struct sock_filter part[RANGE_SIZE] = {
            BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, r->first, 0, 2),
            BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, r->last, 1, 0),
            ERROR_ANSWER(ENOSYS),
        };
        if (r->since > version) {
            memcpy(code + size, part, sizeof(part));
            size += RANGE_SIZE;
        }
    }
    for (const struct feature *f = FEATURES; f < FEATURES + FEATURE_COUNT; f++) {
        const struct sock_filter part[FEATURE_SIZE] = {
            LOAD_NUMBER,
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, f->number, 0, 7),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place_of(f->argument)),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, f->mask),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, f->value, 0, 4),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, place_of(f->argument2)),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, f->mask2),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, f->value2, 0, 1),
            ERROR_ANSWER(f->error),
        };
        if (f->since > version) {
            memcpy(code + size, part, sizeof(part));
            size += FEATURE_SIZE;
        }
    }
    code[size++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    return install(code, size, 0);
}

/* Reads "5.10". Returns 0 if it is no version, or an older one than the tables know. */
static int read_version(const char *text)
{
    char *end;
    long major = strtol(text, &end, 10);
    long minor = *end == '.' ? strtol(end + 1, &end, 10) : -1;
    bool is_version = *end == '\0' && major > 0 && major < 100 && minor >= 0 && minor < 100;
    int version = is_version ? SINCE((int)major, (int)minor) : 0;

    return version >= FIRST_LISTED ? version : 0;
}

static long forbid(char *what, const char *how)
{
    uint32_t numbers[CALL_COUNT];
    size_t way = 0;

    errno = EINVAL;
    if (strcmp(what, "linux") == 0) {
        int version = read_version(how);
        return version != 0 ? be_kernel(version) : -1;
    }
    size_t count = read_calls(what, numbers);
    while (way < WAY_COUNT && strcmp(WAYS[way].name, how) != 0)
        way++;
    return count > 0 && way < WAY_COUNT
               ? forbid_calls(numbers, count, WAYS[way].action, WAYS[way].flags)
               : -1;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: forbid WHAT HOW COMMAND [ARGUMENT]...\n", stderr);
        return 125;
    }
    long listener = forbid(argv[1], argv[2]);
    /* A filter whose listener is closed has none. */
    if (listener < 0 || (listener > 0 && fcntl((int)listener, F_SETFD, 0) != 0))
        return fail("no filter");
    execvp(argv[3], argv + 3);
    return fail(argv[3]);
}

/*
 * What translate asks of its engine, and the constructor. The values of variables are in
 * initial_env.c.
 *
 * The pid, its namespace and the name of this process are remembered, on a page of its own that the kernel
 * empties in the children of fork(2) (MADV_WIPEONFORK, Linux 4.14). The page is made when it is
 * first needed, so programs that never bind do without it. A child of vfork(2) shares its parent's
 * memory: it remembers nothing, and asks the kernel each time, as does a process without the page. If
 * its parent has bound before, it is taken for its parent.
 */
#include "translate/engine.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "core/hot.h"
#include "linux/log.h"
#include "linux/netns.h"
#include "linux/procfs.h"
#include "linux/sys.h"
#include "linux/watches.h"
#include "preload/calls.h"
#include "preload/initial_env.h"

/* Each is 0 until it is known, the pid first. */
struct facts {
    _Atomic uint32_t pid, pid_namespace;
    _Atomic uint64_t program[2];
};

static _Atomic uint32_t first_pid;
static struct log_target first_stderr;
static bool is_started;
static _Atomic(struct facts *) facts;

/* As little as possible. The rest waits for the first bind. */
__attribute__((constructor)) static void start(void)
{
    calls_find();
    initial_env_capture();
    first_stderr = log_target(STDERR_FILENO);
    is_started = true;
    atomic_store_explicit(&first_pid, (uint32_t)sys_getpid(), memory_order_relaxed);
}

/*
 * Returns true in the process that loaded the library, and in a child of fork(2). libc has the kernel
 * note where such a child keeps its number, as it does for each thread, but not for a child of vfork(2)
 * or clone(2). A kernel without CONFIG_CHECKPOINT_RESTORE does not tell.
 */
COLD static bool has_own_memory(uint32_t pid)
{
    uint64_t address = 0; /* 64 bits for programs of 32, too */

    return pid == atomic_load_explicit(&first_pid, memory_order_relaxed) ||
           (sys_call(SYS_prctl, PR_GET_TID_ADDRESS, (long)&address, 0) == 0 && address != 0);
}

COLD static struct facts *make_page(void)
{
    struct facts *known = NULL;
    struct facts *own =
        mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (own == MAP_FAILED)
        return NULL;
    if (sys_call(SYS_madvise, (long)own, sizeof(*own), MADV_WIPEONFORK) == 0 &&
        atomic_compare_exchange_strong_explicit(&facts, &known, own, memory_order_acq_rel,
                                                memory_order_acquire))
        return own;
    munmap(own, sizeof(*own));
    return known;
}

COLD static struct facts *begin_facts(struct facts *known)
{
    uint32_t pid = (uint32_t)sys_getpid();

    if (!has_own_memory(pid) || (known == NULL && (known = make_page()) == NULL))
        return NULL;
    atomic_store_explicit(&known->pid, pid, memory_order_relaxed);
    return known;
}

/* Returns NULL if this process remembers nothing. */
HOT static struct facts *get_facts(void)
{
    struct facts *known = atomic_load_explicit(&facts, memory_order_acquire);
    bool is_begun = known != NULL && atomic_load_explicit(&known->pid, memory_order_relaxed) != 0;
    return is_begun ? known : begin_facts(known);
}

const enum engine engine_kind = ENGINE_PRELOAD;

HOT int engine_socket(int fd)
{
    return fd;
}

/* A program may have opened a file of its own as descriptor 2 in the meantime. */
int engine_stderr(void)
{
    struct log_target now = log_target(STDERR_FILENO);
    bool is_same = now.device == first_stderr.device && now.inode == first_stderr.inode;

    return is_same || !is_started ? STDERR_FILENO : -1;
}

HOT pid_t engine_pid(void)
{
    struct facts *known = get_facts();

    if (known != NULL)
        return (pid_t)atomic_load_explicit(&known->pid, memory_order_relaxed);
    return sys_is_sealed() ? 0 : sys_getpid();
}

HOT uint32_t engine_pid_namespace(void)
{
    struct facts *known = get_facts();
    uint32_t inode =
        known != NULL ? atomic_load_explicit(&known->pid_namespace, memory_order_relaxed) : 0;

    if (inode == 0) {
        inode = (uint32_t)procfs_pid_namespace();
        if (known != NULL)
            atomic_store_explicit(&known->pid_namespace, inode, memory_order_relaxed);
    }
    return inode;
}

uint64_t engine_netns(int fd)
{
    return netns_of_socket(fd, 0);
}

void engine_begins_long_work(void)
{
}

HOT void engine_program(char name[16])
{
    struct facts *known = get_facts();
    uint64_t words[2] = {0, 0};

    if (known != NULL) {
        words[0] = atomic_load_explicit(&known->program[0], memory_order_acquire);
        words[1] = atomic_load_explicit(&known->program[1], memory_order_relaxed);
    }
    if (words[0] == 0) {
        sys_call(SYS_prctl, PR_GET_NAME, (long)words, 0);
        if (known != NULL) {
            atomic_store_explicit(&known->program[1], words[1], memory_order_relaxed);
            atomic_store_explicit(&known->program[0], words[0], memory_order_release);
        }
    }
    memcpy(name, words, sizeof(words));
}

int engine_replace(int fd, int with)
{
    struct watches watches;
    long flags = sys_call(SYS_fcntl, fd, F_GETFD, 0);

    watches_read(&watches, fd);
    long result = sys_call(SYS_dup3, with, fd, (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);

    if (result < 0)
        return -1;
    watches_set(&watches, fd);
    return 0;
}

int engine_passed(const struct passed_request *request)
{
    struct initial_env_passed passed = initial_env_passed();
    int fd = passed_choose(request, passed.names, passed.count);

    if (fd >= 0)
        return (int)sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
    static const struct rule any = {.first = 1, .last = UINT16_MAX};
    errno = passed_has(&any, passed.names, passed.count) ? ENOENT : ENOTCONN;
    return -1;
}

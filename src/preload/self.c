#include "preload/self.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "core/hot.h"
#include "registry/sys.h"

/* Each is 0 until it is known; a user id is stored with one added. */
struct facts {
    _Atomic uint32_t pid;
    _Atomic uint64_t uid;
    _Atomic uint64_t program[2];
};

static _Atomic(struct facts *) facts;

void self_begin(void)
{
    struct facts *own =
        mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (own == MAP_FAILED)
        return;
    if (madvise(own, sizeof(*own), MADV_WIPEONFORK) != 0) {
        munmap(own, sizeof(*own));
        return;
    }
    atomic_store_explicit(&own->pid, (uint32_t)sys_getpid(), memory_order_relaxed);
    atomic_store_explicit(&facts, own, memory_order_release);
}

HOT static struct facts *get(void)
{
    return atomic_load_explicit(&facts, memory_order_acquire);
}

HOT pid_t self_pid(void)
{
    struct facts *own = get();
    uint32_t pid = own != NULL ? atomic_load_explicit(&own->pid, memory_order_relaxed) : 0;

    if (pid == 0) {
        pid = (uint32_t)sys_getpid();
        if (own != NULL)
            atomic_store_explicit(&own->pid, pid, memory_order_relaxed);
    }
    return (pid_t)pid;
}

HOT uid_t self_uid(void)
{
    struct facts *own = get();
    uint64_t uid = own != NULL ? atomic_load_explicit(&own->uid, memory_order_relaxed) : 0;

    if (uid == 0) {
        uid = (uint64_t)sys_geteuid() + 1;
        if (own != NULL)
            atomic_store_explicit(&own->uid, uid, memory_order_relaxed);
    }
    return (uid_t)(uid - 1);
}

HOT void self_program(char name[16])
{
    struct facts *own = get();
    uint64_t words[2] = {0, 0};

    if (own != NULL) {
        words[0] = atomic_load_explicit(&own->program[0], memory_order_acquire);
        words[1] = atomic_load_explicit(&own->program[1], memory_order_relaxed);
    }
    if (words[0] == 0) {
        prctl(PR_GET_NAME, words);
        if (own != NULL) {
            atomic_store_explicit(&own->program[1], words[1], memory_order_relaxed);
            atomic_store_explicit(&own->program[0], words[0], memory_order_release);
        }
    }
    memcpy(name, words, sizeof(words));
}

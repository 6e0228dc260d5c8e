#include "notify/repeat.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "linux/procfs.h"
#include "linux/socket.h"
#include "notify/filter.h"

/* A program that is told EINTR need not call again: such results stay until there are many newer ones. */
enum { KEPT_MAX = 64 };

struct kept {
    struct notification call; /* tid is 0 if there is none */
    uint32_t inode;
    long result;
};

static bool is_possible;
static atomic_bool is_any;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept table[KEPT_MAX];
static unsigned oldest;

void repeat_start(void)
{
    is_possible = !filter_waits_killable();
}

void repeat_prepare(struct repeat *r, const struct notification *n)
{
    *r = (struct repeat){.inode = is_possible && n->is_made ? socket_inode(n->fd) : 0};
    r->has_signal = r->inode != 0 && procfs_has_signal(n->tid);
}

void repeat_keep(const struct repeat *r, const struct notification *n, bool is_late, long result)
{
    bool is_dropped = r->has_signal && result <= 0; /* a program may send the same again */

    if (r->inode == 0 || !(is_late || is_dropped))
        return;
    pthread_mutex_lock(&lock);
    table[oldest] = (struct kept){*n, r->inode, result};
    oldest = (oldest + 1) % KEPT_MAX;
    atomic_store(&is_any, true);
    pthread_mutex_unlock(&lock);
}

static bool is_same_call(const struct notification *a, const struct notification *b)
{
    return a->tid == b->tid && a->arch == b->arch && a->number == b->number &&
           memcmp(a->argument, b->argument, sizeof(a->argument)) == 0;
}

/* Takes the newest result for the call: its thread may have made the same one before. */
static bool take(const struct notification *n, struct kept *taken)
{
    bool is_found = false;

    for (unsigned i = 0; i < KEPT_MAX; i++) {
        struct kept *k = &table[(oldest + i) % KEPT_MAX];
        if (k->call.tid == 0 || !is_same_call(&k->call, n))
            continue;
        *taken = *k;
        k->call.tid = 0;
        is_found = true;
    }
    return is_found;
}

bool repeat_take(const struct notification *n, long *result)
{
    struct kept taken;

    if (!atomic_load_explicit(&is_any, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&lock);
    bool is_taken = take(n, &taken);
    pthread_mutex_unlock(&lock);
    if (!is_taken || taken.inode != socket_inode(n->fd))
        return false;
    *result = taken.result;
    return true;
}

/*
 * Only the receiver takes calls: a second thread that waits for them would be woken by each. It
 * must not be stopped by a process. But a process can make nearly any system call about it wait: for a
 * page of its memory (FUSE, userfaultfd), for its socket's lock, for a pipe. So the thread that
 * runs worker_check() looks at the receiver's progress every few milliseconds, and at no time if
 * no calls come: the receiver wakes it when the first one does.
 *
 * A thread that was replaced has a queue. The receiver puts into it the calls of the process that
 * the slow one was for.
 */
#include "notify/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "linux/procfs.h"
#include "linux/sys.h"
#include "notify/engine.h"
#include "notify/filter.h"
#include "notify/handler.h"
#include "notify/notification.h"
#include "notify/process.h"
#include "notify/thread.h"
#include "translate/engine.h"

struct queued {
    struct notification call;
    struct queued *next;
};

struct worker {
    /* Twice the number of calls that it has received, less one while it handles one; or REPLACED. */
    _Atomic uint64_t progress;
    _Atomic pid_t pid; /* of the process whose call it handles */

    /* Once it is replaced; protected by `lock`. */
    uint64_t started; /* when the process was, in clock ticks since the boot */
    struct queued *first, **last;
    struct worker *_Atomic next;
};

static const uint64_t REPLACED = UINT64_MAX;

static struct worker_setup setup;
static int listener;
static struct worker *receiver;          /* of the thread that calls worker_check() */
static _Thread_local struct worker *own; /* this thread's */
static atomic_bool is_unwatched = true, must_hand_over;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *_Atomic replaced; /* a list; written with `lock` */

static void tell_denied(void)
{
    setup.denied(engine_pid());
}

static void handle(struct notification *n, const struct process *process)
{
    engine_handle(process, n);
    n->denied = tell_denied;
    handler_run(n);
}

/* ---- the queues of those that were replaced ---- */

static struct worker *find_queue(pid_t pid)
{
    struct worker *w = atomic_load(&replaced);
    uint64_t started = 0;

    while (w != NULL && atomic_load(&w->pid) != pid)
        w = atomic_load(&w->next);
    /* The process may have ended, and its number be in use again. */
    return w != NULL && procfs_started(pid, &started) && started == w->started ? w : NULL;
}

/* Returns false if there is no queue for the process. */
static bool put_in_queue(const struct notification *n, pid_t pid)
{
    bool is_put = false;

    if (atomic_load_explicit(&replaced, memory_order_relaxed) == NULL)
        return false;
    pthread_mutex_lock(&lock);
    struct worker *w = find_queue(pid);
    struct queued *q = w != NULL ? malloc(sizeof(*q)) : NULL;
    if (q != NULL) {
        *q = (struct queued){.call = *n};
        *w->last = q;
        w->last = &q->next;
        is_put = true;
    }
    pthread_mutex_unlock(&lock);
    return is_put;
}

/* Takes the first call out of the queue, or ends the queue and returns NULL. */
static struct queued *take(struct worker *w)
{
    struct worker *_Atomic *at = &replaced;

    pthread_mutex_lock(&lock);
    struct queued *q = w->first;
    if (q != NULL) {
        w->first = q->next;
        w->last = q->next != NULL ? w->last : &w->first;
    } else {
        while (atomic_load(at) != w)
            at = &atomic_load(at)->next;
        atomic_store(at, atomic_load(&w->next));
    }
    pthread_mutex_unlock(&lock);
    return q;
}

static void work_off_queue(struct worker *w)
{
    struct queued *q;

    while ((q = take(w)) != NULL) {
        const struct process *process = process_of(q->call.tid);
        if (process != NULL && notification_is_valid(&q->call))
            handle(&q->call, process);
        else
            notification_continue(&q->call);
        free(q);
    }
}

/* ---- the receiver ---- */

static void wake_watcher(void)
{
    (void)eventfd_write(setup.wakes, 1);
}

static void begin_call(struct worker *w, uint64_t number)
{
    atomic_store_explicit(&w->pid, 0, memory_order_relaxed);
    atomic_store(&w->progress, 2 * number - 1);
    if (atomic_load(&is_unwatched) && atomic_exchange(&is_unwatched, false))
        wake_watcher();
}

/* Returns false if it was replaced meanwhile. */
static bool end_call(struct worker *w, uint64_t number)
{
    uint64_t busy = 2 * number - 1;

    if (atomic_compare_exchange_strong(&w->progress, &busy, 2 * number))
        return true;
    pthread_mutex_lock(&lock); /* the replacement may have failed */
    bool is_replaced = atomic_load(&w->progress) == REPLACED;
    pthread_mutex_unlock(&lock);
    return !is_replaced && end_call(w, number);
}

static void receive(struct notification *n)
{
    while (!notification_receive(n, listener)) {
        while (filter_is_unused(listener)) /* the supervisor ends */
            pause();
    }
}

static void handle_received(struct worker *w, struct notification *n)
{
    const struct process *process = n->tid != 0 ? process_of(n->tid) : NULL;

    if (process == NULL) {
        notification_continue(n);
        return;
    }
    atomic_store_explicit(&w->pid, process->pid, memory_order_release);
    if (!put_in_queue(n, process->pid))
        handle(n, process);
}

static void *work(void *data)
{
    struct worker *w = data;
    struct notification n;
    uint64_t number = 0;

    own = w;
    w->last = &w->first;
    pthread_mutex_lock(&lock); /* until worker_listen() */
    pthread_mutex_unlock(&lock);
    (void)unshare(CLONE_FILES); /* a descriptor table that threads share makes calls slower */
    do {
        receive(&n);
        begin_call(w, ++number);
        handle_received(w, &n);
    } while (end_call(w, number));
    work_off_queue(w);
    process_end();
    free(w);
    return NULL;
}

/* ---- who is the receiver ---- */

/* Starts a receiver. Returns 0 or an errno. */
static int start_receiver(void)
{
    struct worker *w = calloc(1, sizeof(*w));
    int failure = w != NULL ? thread_start(work, w) : ENOMEM;

    if (failure == 0)
        receiver = w;
    else
        free(w);
    return failure;
}

/* Replaces the receiver if it is still in the call that it was in. */
static void replace(uint64_t busy)
{
    struct worker *slow = receiver;
    uint64_t expected = busy;

    pthread_mutex_lock(&lock);
    if (atomic_compare_exchange_strong(&slow->progress, &expected, REPLACED)) {
        if (!procfs_started(atomic_load(&slow->pid), &slow->started))
            atomic_store(&slow->pid, 0); /* it has ended, or is not known yet */
        /* First, so that the new receiver finds the queue. */
        atomic_store(&slow->next, atomic_load(&replaced));
        atomic_store(&replaced, slow);
        if (start_receiver() != 0) {
            atomic_store(&replaced, atomic_load(&slow->next));
            atomic_store(&slow->progress, busy);
        }
    }
    pthread_mutex_unlock(&lock);
}

int worker_start(const struct worker_setup *given)
{
    setup = *given;
    pthread_mutex_lock(&lock);
    return -start_receiver();
}

void worker_listen(int fd)
{
    listener = fd;
    pthread_mutex_unlock(&lock);
}

static int64_t milliseconds(void)
{
    struct timespec now = {0, 0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Whether calls wait for the receiver. */
static bool has_waiting(void)
{
    return (sys_poll(listener, POLLIN, 0) & POLLIN) != 0;
}

/*
 * It is slow if it is at work all the time, and answers few calls: not only if it answers none. The
 * many short calls of one process, too, must not keep others waiting.
 */
bool worker_check(void)
{
    enum { FEW = 4 };
    static uint64_t before; /* how far it was, for which process, and when */
    static pid_t pid_before;
    static int64_t at;
    int64_t time = milliseconds();
    bool is_asked = atomic_exchange(&must_hand_over, false);
    uint64_t now = atomic_load(&receiver->progress);
    bool is_busy = now % 2 != 0, has_come_on = now != before;

    if (!is_asked && time - at < WORKER_CHECK_MS)
        return true;
    pid_t pid = atomic_load(&receiver->pid);
    bool is_slow = before % 2 != 0 &&
                   (now - before < 2 * FEW || (pid != 0 && pid == pid_before && has_waiting()));
    before = now;
    pid_before = pid;
    at = time;
    if (is_busy && (is_asked || is_slow)) {
        replace(now);
        before = 0;
    }
    if (is_busy || has_come_on)
        return true;
    atomic_store(&is_unwatched, true);
    return atomic_load(&receiver->progress) != now; /* it has not seen that */
}

void worker_hand_over(void)
{
    if (own == NULL || atomic_load(&own->progress) == REPLACED)
        return;
    atomic_store(&must_hand_over, true);
    wake_watcher();
}

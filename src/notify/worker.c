/*
 * A thread that is killed in a stopped call leaves our call blocked, which would hold the
 * socket open. Nobody tells us: so while there are workers, one more thread looks, a few
 * times in a second, whether each is waited for, and interrupts those that are not by a
 * signal.
 */
#include "notify/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What interrupts a worker. All other signals are blocked in all of our threads. */
#define WAKE SIGUSR1

enum { STACK = 64 * 1024 };

static const struct timespec BETWEEN_LOOKS = {.tv_nsec = 200 * 1000 * 1000};

struct worker {
    struct stopped stopped;
    struct worker_call call;
    pthread_t thread;
    struct worker *next;
};

/* Invariant: while `lock` is held, the thread of each worker in the list has not ended. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *workers;
static bool is_watched;

static long perform(int fd, const struct worker_call *c, int flags)
{
    const struct sockaddr *to = (const struct sockaddr *)&c->to;

    return c->data != NULL ? sendto(fd, c->data, c->size, flags | MSG_NOSIGNAL, to, c->len)
                           : connect(fd, to, c->len);
}

static void end(struct stopped *s, const struct worker_call *c, long result)
{
    int failure = errno;

    free(c->data);
    if (result >= 0)
        stopped_return(s, result);
    else
        stopped_fail(s, failure);
}

/* Whether the call returns at once: the socket is non-blocking, or no handshake is made on it. */
static bool is_quick(int fd, const struct worker_call *c)
{
    int type = 0, flags = fcntl(fd, F_GETFL);
    socklen_t size = sizeof(type);

    if (flags < 0 || (flags & O_NONBLOCK) != 0 || (c->flags & MSG_DONTWAIT) != 0)
        return true;
    return c->data == NULL && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_DGRAM;
}

static void leave(struct worker *w)
{
    pthread_mutex_lock(&lock);
    for (struct worker **at = &workers; *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

static void *work(void *data)
{
    struct worker *w = data;
    sigset_t wake;

    sigemptyset(&wake);
    sigaddset(&wake, WAKE);
    pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
    long result = perform(w->stopped.fd, &w->call, w->call.flags);
    int failure = errno;
    leave(w);
    errno = failure;
    end(&w->stopped, &w->call, result);
    free(w);
    return NULL;
}

static void ignore(int signal)
{
    (void)signal;
}

/* Starts a thread that nobody waits for. */
static bool start_thread(pthread_t *thread, void *(*function)(void *), void *data)
{
    pthread_attr_t attributes;

    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool is_started = pthread_create(thread, &attributes, function, data) == 0;
    pthread_attr_destroy(&attributes);
    return is_started;
}

/* Interrupts those that nobody waits for. False where there are none at all. With the lock. */
static bool look(void)
{
    for (struct worker *w = workers; w != NULL; w = w->next) {
        if (!stopped_is_valid(&w->stopped))
            pthread_kill(w->thread, WAKE);
    }
    return workers != NULL;
}

static void *watch(void *unused)
{
    for (bool goes_on = true; goes_on;) {
        nanosleep(&BETWEEN_LOOKS, NULL);
        pthread_mutex_lock(&lock);
        goes_on = is_watched = look();
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static bool start(struct worker *w)
{
    struct sigaction interrupts = {.sa_handler = ignore}; /* no SA_RESTART */
    pthread_t watcher;

    sigaction(WAKE, &interrupts, NULL);
    pthread_mutex_lock(&lock);
    if (!is_watched)
        is_watched = start_thread(&watcher, watch, NULL);
    bool is_started = is_watched && start_thread(&w->thread, work, w);
    if (is_started) {
        w->next = workers;
        workers = w;
    }
    pthread_mutex_unlock(&lock);
    return is_started;
}

void worker_carry_out(struct stopped *s, const struct worker_call *call)
{
    bool is_datagram = call->data != NULL && (call->flags & MSG_FASTOPEN) == 0;

    if (is_quick(s->fd, call)) {
        end(s, call, perform(s->fd, call, call->flags));
        return;
    }
    if (is_datagram) { /* which blocks only while the socket's buffer is full */
        long result = perform(s->fd, call, call->flags | MSG_DONTWAIT);
        if (result >= 0 || errno != EAGAIN) {
            end(s, call, result);
            return;
        }
    }
    struct worker *w = malloc(sizeof(*w));
    if (w != NULL)
        *w = (struct worker){.stopped = *s, .call = *call};
    if (w != NULL && start(w))
        return;
    free(w);
    errno = EAGAIN;
    end(s, call, -1);
}

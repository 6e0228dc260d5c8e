/*
 * A thread that is killed in a stopped call leaves our call blocked, which would hold the
 * socket open. Nobody tells us: so while there are workers, the supervisor looks, a few
 * times in a second, whether each is waited for (worker_check), and interrupts those that
 * are not by a signal.
 */
#include "notify/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* What interrupts a worker. All other signals are blocked in all of our threads. */
#define WAKE SIGUSR1

enum { STACK = 64 * 1024 };

struct worker {
    struct worker_call call;
    pthread_t thread;
    struct worker *next;
};

/* Invariant: while `lock` is held, the thread of each worker in the list has not ended. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *workers;

static long perform(const struct worker_call *c, int flags)
{
    const struct sockaddr *to = (const struct sockaddr *)&c->to;

    return c->data != NULL ? sendto(c->fd, c->data, c->size, flags | MSG_NOSIGNAL, to, c->len)
                           : connect(c->fd, to, c->len);
}

static void end(struct worker_call *c, long result)
{
    if (result >= 0)
        stopped_return(&c->stopped, result);
    else
        stopped_fail(&c->stopped, errno);
    free(c->data);
    close(c->fd);
}

/* Whether the call returns at once: the socket is non-blocking, or no handshake is made on it. */
static bool is_quick(const struct worker_call *c)
{
    int type = 0, flags = fcntl(c->fd, F_GETFL);
    socklen_t size = sizeof(type);

    if (flags < 0 || (flags & O_NONBLOCK) != 0 || (c->flags & MSG_DONTWAIT) != 0)
        return true;
    return c->data == NULL && getsockopt(c->fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
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
    long result = perform(&w->call, w->call.flags);
    int failure = errno;
    leave(w);
    errno = failure;
    end(&w->call, result);
    free(w);
    return NULL;
}

static void ignore(int signal)
{
    (void)signal;
}

static bool start(struct worker *w)
{
    struct sigaction interrupts = {.sa_handler = ignore}; /* no SA_RESTART */
    pthread_attr_t attributes;

    sigaction(WAKE, &interrupts, NULL);
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&lock);
    w->next = workers;
    bool is_started = pthread_create(&w->thread, &attributes, work, w) == 0;
    if (is_started)
        workers = w;
    pthread_mutex_unlock(&lock);
    pthread_attr_destroy(&attributes);
    return is_started;
}

void worker_carry_out(const struct worker_call *call)
{
    struct worker_call quick = *call;
    bool is_datagram = call->data != NULL && (call->flags & MSG_FASTOPEN) == 0;

    if (is_quick(call)) {
        end(&quick, perform(&quick, quick.flags));
        return;
    }
    if (is_datagram) { /* which blocks only while the socket's buffer is full */
        long result = perform(&quick, quick.flags | MSG_DONTWAIT);
        if (result >= 0 || errno != EAGAIN) {
            end(&quick, result);
            return;
        }
    }
    struct worker *w = malloc(sizeof(*w));
    if (w != NULL)
        *w = (struct worker){.call = *call};
    if (w != NULL && start(w))
        return;
    free(w);
    errno = EAGAIN;
    end(&quick, -1);
}

bool worker_is_busy(void)
{
    pthread_mutex_lock(&lock);
    bool is = workers != NULL;
    pthread_mutex_unlock(&lock);
    return is;
}

void worker_check(void)
{
    pthread_mutex_lock(&lock);
    for (struct worker *w = workers; w != NULL; w = w->next) {
        if (!stopped_is_valid(&w->call.stopped))
            pthread_kill(w->thread, WAKE);
    }
    pthread_mutex_unlock(&lock);
}

/*
 * A timer sends a signal again and again: one that comes before the call has begun to wait
 * would be lost, and the next one is not. All other threads have it blocked.
 */
#include "notify/timed_call.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>

static void ignore(int signal)
{
    (void)signal;
}

void timed_call_start(void)
{
    struct sigaction interrupts = {.sa_handler = ignore}; /* no SA_RESTART */
    sigset_t alarm;

    sigaction(SIGALRM, &interrupts, NULL);
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
}

/* Starts the timer, or stops it. Keeps errno. */
static void set_timer(suseconds_t microseconds)
{
    const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    int saved = errno;

    setitimer(ITIMER_REAL, &timer, NULL);
    errno = saved;
}

enum { PATIENCE = 1000 }; /* us: a connection within this host takes a tenth of it */

int timed_call_connect(int fd, const struct sockaddr_storage *to, socklen_t len)
{
    set_timer(PATIENCE);
    int result = connect(fd, (const struct sockaddr *)to, len);
    set_timer(0);
    return result;
}

ssize_t timed_call_send(int fd, const void *data, size_t size, int flags,
                        const struct sockaddr_storage *to, socklen_t len)
{
    set_timer(PATIENCE);
    ssize_t result = sendto(fd, data, size, flags | MSG_NOSIGNAL, (const struct sockaddr *)to, len);
    set_timer(0);
    return result;
}

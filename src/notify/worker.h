/* Calls that may block, each carried out by a thread of its own, so that nobody else waits. */
#ifndef NOTIFY_WORKER_H
#define NOTIFY_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "notify/stopped.h"

/* A connect, or, where `data` is not NULL, a sendto, on a duplicate of the program's socket. */
struct worker_call {
    struct stopped stopped;
    int fd;
    struct sockaddr_storage to;
    socklen_t len;
    char *data; /* malloc'ed */
    size_t size;
    int flags;
};

/*
 * Carries the call out and ends it: here where it cannot block, else by a thread. Takes
 * call->fd and call->data over; *call itself may go.
 */
void worker_carry_out(const struct worker_call *call);

/* Whether any thread is at it. */
bool worker_is_busy(void);

/* Ends the work for threads that do not wait for it any more, since they were killed. */
void worker_check(void);

#endif

/* Calls that may block, each carried out by a thread of its own, so that nobody else waits. */
#ifndef NOTIFY_WORKER_H
#define NOTIFY_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "notify/stopped.h"

/* A connect, or, where `data` is not NULL, a sendto, on the duplicate of the program's socket. */
struct worker_call {
    struct sockaddr_storage to;
    socklen_t len;
    char *data; /* malloc'ed */
    size_t size;
    int flags;
};

/*
 * Carries the call out and ends it: here where it cannot block, else by a thread. Takes
 * call->data over; *call and *s are copied.
 */
void worker_carry_out(struct stopped *s, const struct worker_call *call);

#endif

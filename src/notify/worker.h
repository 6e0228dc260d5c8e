/*
 * The threads that handle stopped calls. One of them, the receiver, takes each call and handles it. If
 * that takes long, another thread becomes the receiver, so that no process waits for another one's
 * call. The first thread then handles the calls of that process alone, for as long as there are
 * any.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum { WORKER_CHECK_MS = 2 };

struct worker_setup {
    int wakes;                 /* an eventfd: worker_check() must be called */
    void (*denied)(pid_t pid); /* is called if a process may not be accessed */
};

/* Starts the first receiver, which waits for worker_listen(). Keeps *setup. Returns 0 or a negative errno. */
int worker_start(const struct worker_setup *setup) __attribute__((warn_unused_result));

/* Lets the receiver take the calls of a listener. By the thread that called worker_start(). */
void worker_listen(int listener);

/*
 * Replaces the receiver if it is slow. One thread calls it every WORKER_CHECK_MS while it returns
 * true, and when `wakes` is readable.
 */
bool worker_check(void);

/* For a receiver whose call takes long for certain: has it replaced at once. */
void worker_hand_over(void);

/* Threads of the supervisor. */
#pragma once

/* Starts a detached thread with a small stack: the command's limits apply. Returns 0 or an errno. */
int thread_start(void *(*function)(void *), void *data) __attribute__((warn_unused_result));

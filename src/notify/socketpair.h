/* A connection between two processes, of which one is the other's parent. */
#ifndef NOTIFY_SOCKETPAIR_H
#define NOTIFY_SOCKETPAIR_H

#include <stdbool.h>

/* Closed at execve(2). `ours` is the parent's. */
struct socketpair_ends {
    int ours, theirs;
};

/* Makes one of messages (SOCK_SEQPACKET). False with errno. */
bool socketpair_make(struct socketpair_ends *e);

/* Each passes a number on. False where the other one is gone. */
bool socketpair_send(int to, int number);
bool socketpair_receive(int from, int *number);

#endif

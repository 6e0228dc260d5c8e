/* A connection between two processes, of which one is the other's parent. */
#ifndef NOTIFY_ENDS_H
#define NOTIFY_ENDS_H

#include <stdbool.h>

/* Closed at execve(2). `ours` is the parent's. */
struct ends {
    int ours, theirs;
};

/* Makes one of messages (SOCK_SEQPACKET). False with errno. */
bool ends_make(struct ends *e);

/* Each passes a number on. False where the other one is gone. */
bool ends_send(int to, int number);
bool ends_receive(int from, int *number);

#endif

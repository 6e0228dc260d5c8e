/*
 * Descriptors: their owners, those that a process was started with, and a connection between
 * parent and child.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Closes *fd if it is open, and sets it to -1. Keeps errno. */
void fd_close(int *fd);

/* For a variable that owns a descriptor, or is -1: closes it when it goes out of scope. */
#define FD_OWNER __attribute__((cleanup(fd_close)))

/*
 * Opens /dev/null until execve(2) in place of closed standard descriptors. Otherwise the next
 * descriptors would get their numbers.
 */
void fd_fill_standard(void);

/* Replaces the standard descriptors up to `last` by /dev/null. */
void fd_drop_standard(int last);

/*
 * Closes all descriptors above standard error except those in `kept`, which it sorts
 * (close_range(2), Linux 5.9; before that, they stay open).
 */
void fd_close_others(int *kept, size_t count);

/* Makes a connection for messages, which execve(2) closes. False with errno. */
__attribute__((warn_unused_result)) bool fd_make_pair(int *parents, int *childs);

/* Send and receive a number. False if the other end is closed. */
bool fd_send(int to, int number);
__attribute__((warn_unused_result)) bool fd_receive(int from, int *number);

/* The process that answers the stopped calls of a tree, for as long as that lives. */
#ifndef NOTIFY_SUPERVISOR_H
#define NOTIFY_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

/* What it tells whoever waits for the command, as messages of `control`. */
enum supervisor_event {
    SUPERVISOR_FAILED, /* the engine cannot be had: `value` is an errno; the command was not started */
    SUPERVISOR_STARTED, /* `value` is the command's pid; it waits for a number in answer, and then goes on */
    SUPERVISOR_STATUS, /* `value` is of waitpid(2): it was stopped, or goes on, or has ended */
    SUPERVISOR_DENIED, /* the process `value` lets nobody look into it: what it asks for stays */
};

struct supervisor_message {
    enum supervisor_event event;
    int value;
    bool is_last; /* of a status: nobody is left in the tree, so the supervisor ends too */
};

/*
 * Makes ready to supervise a tree, whatever may be wrong: `listener` is where its calls are
 * stopped, `command` the child that it begins with, `control` a socket to who waits for
 * that. Where that one is gone before the command has ended, the command is killed. The
 * caller is the tree's subreaper (PR_SET_CHILD_SUBREAPER), and has all signals blocked. 0,
 * or a negative errno. Once in a process.
 */
int supervisor_start(int listener, int control, pid_t command);

/* Answers calls until the tree has ended, and ends then. */
_Noreturn void supervisor_run(int listener);

#endif

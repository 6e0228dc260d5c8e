/* The process that answers the stopped calls of a tree. */
#ifndef NOTIFY_SUPERVISOR_H
#define NOTIFY_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

/* What it tells the foreground process, one message each. */
enum supervisor_event {
    SUPERVISOR_FAILED,  /* `value` is an errno: the command was not started */
    SUPERVISOR_STARTED, /* `value` is the command's pid; the command waits for an answer */
    SUPERVISOR_STATUS,  /* `value` is of waitpid(2): the command was stopped, continued or ended */
    SUPERVISOR_DENIED,  /* process `value` is not dumpable: its calls are not remapped */
};

struct supervisor_message {
    enum supervisor_event event;
    int value;
    bool is_last; /* of a status: the tree has ended, and so the supervisor does */
};

/*
 * Prepares to supervise a tree. `listener` receives its calls, `command` is our child that begins
 * it, and `control` leads to the foreground process: if that ends before the command, the command
 * is killed. The caller is a subreaper (PR_SET_CHILD_SUBREAPER), and has all signals blocked.
 * Returns 0 or a negative errno. Call it once in a process.
 */
__attribute__((warn_unused_result)) int supervisor_start(int listener, int control, pid_t command);

/* Answers calls until the tree has ended, and then ends this process. */
_Noreturn void supervisor_run(int listener);

#endif

/* The process that answers the stopped calls of a tree. */
#pragma once

#include <stdbool.h>

/* What it tells the foreground process, one message each. */
enum supervisor_event {
    SUPERVISOR_FAILED,  /* `value` is an errno: the command was not started */
    SUPERVISOR_FORKED,  /* `value` is the command's pid; the command waits for an answer */
    SUPERVISOR_STARTED, /* the command goes on; `value` is 0 */
    SUPERVISOR_STATUS,  /* `value` is of waitpid(2): the command was stopped, continued or ended */
    SUPERVISOR_DENIED,  /* process `value` is not dumpable: its calls are not remapped */
};

struct supervisor_message {
    enum supervisor_event event;
    int value;
    bool is_last; /* of a status: the tree has ended, and so the supervisor does */
};

/*
 * The command's process. It gets `data`, and a connection: it sends the number of its listener, or
 * a negative errno, and waits for an answer before it starts the command.
 */
typedef void supervisor_command(const void *data, int supervisor);

/*
 * Starts the command in a child process, answers the calls of the tree until it has ended, and then
 * ends this process. `control` leads to the foreground process: if that ends before the command,
 * the command is killed. The caller has all signals blocked.
 */
_Noreturn void supervisor_run(int control, supervisor_command *run_command, const void *data);

/*
 * Other preloads behind this one. If such a preload makes a call by syscall(2), it ends up in this
 * library once more. That call is translated already, so it must go to the kernel as it is.
 */
#pragma once

#include <stdbool.h>

/*
 * Notes from now on which calls are handed on to another preload: the functions of next and
 * exec_next that are not libc's own. Those of libc make no calls by syscall(), and cost no more.
 */
void behind_watch(void);

/*
 * Returns true if this call comes from another preload to which this thread has handed on a call. A
 * signal handler that interrupts that call counts as part of it, unless it has a stack of its own
 * (sigaltstack(2)): what it does by syscall() is not translated then; bind(), connect() and so
 * on are in any handler.
 */
bool behind_is_caller(void);

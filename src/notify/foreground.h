/* The process that the caller started: it waits for the command, and ends as the command does. */
#ifndef NOTIFY_FOREGROUND_H
#define NOTIFY_FOREGROUND_H

#include <sys/types.h>

/*
 * Waits until the supervisor, at the other end of `control`, has started the command. Lets the
 * command go on, forwards signals to it, and ends this process as it ended, or with status 1 if
 * its status is lost. The caller is a subreaper (prctl(2)), and has all signals blocked. Returns
 * a negative errno if the command was not started, or cannot be waited for.
 */
__attribute__((warn_unused_result)) int foreground_run(pid_t supervisor, int control);

#endif

/*
 * Descriptors that a process was started with. Those of our processes that stay beside the
 * command hold nothing of them: who waits for the end of a pipe must not wait for us.
 */
#ifndef NOTIFY_INHERITED_FDS_H
#define NOTIFY_INHERITED_FDS_H

#include <stddef.h>

/*
 * Where standard descriptors are closed, ours would get their numbers: gives these to
 * /dev/null until execve(2).
 */
void inherited_fds_fill_standard(void);

/* Puts /dev/null in the place of the standard descriptors up to `last`. */
void inherited_fds_drop_standard(int last);

/*
 * Closes all descriptors above standard error but those in `kept`, which is sorted
 * (close_range(2), Linux 5.9; before, they stay open).
 */
void inherited_fds_close_others(int *kept, size_t count);

#endif

/*
 * Memory of a thread that stays what it was if the thread's process executes another program
 * meanwhile. Writing to the thread by its number would then change that program.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "linux/procfs.h"

struct target_memory {
    int fd;                   /* of /proc/TID/mem */
    struct procfs_lines maps; /* of /proc/TID/maps */
};

/* Opens the memory that the thread has now. Returns false if that fails: nothing is to close then. */
bool target_memory_open(struct target_memory *m, pid_t tid) __attribute__((warn_unused_result));
void target_memory_close(struct target_memory *m);

/*
 * Writes two buffers to `there`. Returns false if not all of it was written: the memory is gone, or
 * cannot be written by the thread itself. Call it once.
 */
bool target_memory_write(struct target_memory *m, const struct iovec here[2],
                         const struct iovec there[2]) __attribute__((warn_unused_result));

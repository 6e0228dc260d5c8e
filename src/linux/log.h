/* Lines for people, on a descriptor that belongs to a program. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The file, pipe or terminal behind a descriptor. Zeros if there is none. */
struct log_target {
    uint64_t device, inode;
};

/* Changes errno. */
struct log_target log_target(int fd);

/*
 * Writes a line if that can be done at once: to a pipe, terminal or socket that is full it writes nothing.
 * Nor does it write to a network connection, as a child of inetd(8) has on stderr: its peer must not
 * see the line. Raises neither SIGPIPE nor SIGXFSZ: a program must not die of a line that
 * it did not write. Changes errno.
 */
void log_write(int fd, const char *line, size_t size);

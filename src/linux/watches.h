/* What a process waits for at a descriptor by epoll(7). It ends when another file gets the number. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { WATCHES_MAX = 8 };

struct watches {
    size_t count;
    struct {
        int epoll;
        uint32_t events;
        uint64_t data;
    } each[WATCHES_MAX];
};

/* Reads what this process waits for at `fd`, as far as there is room (proc_pid_fdinfo(5)). */
void watches_read(struct watches *w, int fd);

/* Waits for the same at the file that has the number now. Keeps errno. */
void watches_set(const struct watches *w, int fd);

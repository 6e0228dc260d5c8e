/* The sockets that the kernel has, by sock_diag(7), and the processes that have them. */
#ifndef CLI_KERNEL_H
#define CLI_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/endpoint.h"

/* A socket of TCP or UDP that is bound, and is no connection of TCP. */
struct kernel_socket {
    struct endpoint local;
    uint32_t inode;
    uint32_t uid;
    bool listens; /* what anybody sends there arrives */
    bool v6only;  /* IPV6_V6ONLY (ipv6(7)) */
};

struct kernel_sockets {
    struct kernel_socket *list; /* malloc'ed */
    size_t count;
};

/*
 * Lists the sockets of this network namespace. False, with errno, where the kernel does
 * not say; nothing is to be freed then. Otherwise kernel_free frees them.
 */
bool kernel_list(struct kernel_sockets *sockets);
void kernel_free(struct kernel_sockets *sockets);

/* A process that has a socket: pid 0 where none is to be seen. */
struct kernel_process {
    uint32_t inode;
    pid_t pid;
    char program[16];
};

/*
 * Fills in, for each of `count` inodes, a process that has the socket: `pid` as it is
 * given if that has it, else the first of all that may be looked at. Reads /proc once.
 */
void kernel_find_processes(struct kernel_process *processes, size_t count);

#endif

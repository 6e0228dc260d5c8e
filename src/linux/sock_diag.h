/* Whose socket has an endpoint, asked of the kernel by sock_diag(7). */
#ifndef LINUX_SOCK_DIAG_H
#define LINUX_SOCK_DIAG_H

#include <stdint.h>

#include "core/endpoint.h"

/* A socket: its number in sockfs, its user, and the address that it has. */
struct sock_diag_socket {
    uint32_t inode;
    uint32_t uid;
    struct addr addr;
};

enum sock_diag_answer {
    SOCK_DIAG_NONE,
    SOCK_DIAG_FOUND,
    SOCK_DIAG_UNKNOWN, /* the kernel does not say */
};

/*
 * Finds the socket that a connection or a datagram to `to`, of TCP or UDP, would
 * reach: of TCP, one that listens, or with `from` its connection with that end. Where sock_diag cannot be had, /proc/net is read.
 * Changes errno. Costs a few microseconds: four system calls.
 */
enum sock_diag_answer sock_diag_find(const struct endpoint *to, const struct endpoint *from,
                                     struct sock_diag_socket *found);

/*
 * Finds the sockets that are bound to a port, on whatever address of the family of
 * actual->addr; of TCP, no connections: those that listen, and since Linux 6.8
 * those that do not yet. Returns how many there are, of which no more than `max` are
 * left in `list`; -1 where the kernel does not say. Changes errno.
 */
int sock_diag_list(const struct endpoint *actual, struct sock_diag_socket *list, int max);

#endif

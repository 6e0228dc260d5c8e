/* The sockets of a network namespace, listed by the kernel (sock_diag(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "linux/netlink.h"

struct sock_diag_socket {
    struct endpoint local;
    uint32_t inode; /* 0 once its process has closed it */
    uint32_t uid;
    bool listens; /* it takes what any peer sends: a TCP listener, or UDP without a peer */
    bool v6only;  /* IPV6_V6ONLY (ipv6(7)) of a socket that is not connected */
};

/* ---- one socket ---- */

enum sock_diag_answer {
    SOCK_DIAG_NONE,
    SOCK_DIAG_FOUND,
    SOCK_DIAG_UNKNOWN, /* the kernel does not say */
};

/*
 * Finds the socket in the network namespace `netns` that a connection or a datagram to `to`, of TCP
 * or UDP, reaches: a TCP listener or, with `from`, its connection with that end. Reads /proc/net if
 * the kernel has no sock_diag. The answer is SOCK_DIAG_UNKNOWN for a namespace that is not this
 * process's, and in a sealed process (sys_seal). Changes errno. Costs a few microseconds: four system calls.
 */
enum sock_diag_answer sock_diag_find(uint64_t netns, const struct endpoint *to,
                                     const struct endpoint *from, struct sock_diag_socket *found);

/* ---- a list ---- */

/*
 * What is listed. A TCP socket can change from one kind to the next while a list is read. To miss
 * none, list one kind after the other.
 */
enum sock_diag_kind {
    SOCK_DIAG_IDLE = 1, /* UDP, and since Linux 6.8 TCP that neither listens nor is connected */
    SOCK_DIAG_LISTENING = 2, /* TCP */
    SOCK_DIAG_CONNECTED = 4, /* TCP */
    SOCK_DIAG_BOUND = SOCK_DIAG_IDLE | SOCK_DIAG_LISTENING,
};

/* A list that is being read. */
struct sock_diag_dump {
    struct netlink netlink;
    enum sock_diag_kind kind;
    struct endpoint wanted;
    bool has_ended;
    enum proto proto;   /* of the part that is being read */
    bool may_be_absent; /* the kernel may not support its protocol */
    unsigned next;      /* the part after it */
};

/*
 * Begins to list the sockets of a kind in the network namespace `netns` that have the protocol,
 * family and port of `wanted`. A field of `wanted` that is zero matches any. Must be followed by
 * sock_diag_end. Changes errno.
 */
void sock_diag_begin(struct sock_diag_dump *d, enum sock_diag_kind kind, uint64_t netns,
                     const struct endpoint *wanted);

/* Reads the next socket. Returns false at the end of the list, or if it cannot be read further. */
bool sock_diag_next(struct sock_diag_dump *d, struct sock_diag_socket *s);

/* Returns whether the kernel lists TCP sockets that are bound but not listening (Linux 6.8). */
bool sock_diag_lists_bound(void);

/* Ends the list, at any point. Returns false, with errno, if it could not be read further. */
bool sock_diag_end(struct sock_diag_dump *d);

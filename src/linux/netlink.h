/* A question to the kernel over netlink(7), and the messages of its answer. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"

struct netlink {
    int fd;    /* or -1 */
    int error; /* an errno, or 0 */
    char *buf; /* the caller's, or mapped */
    size_t size;
    bool is_mapped;
    size_t at, end; /* what is left of the answer in `buf` */
};

/*
 * Opens a socket of a protocol, such as NETLINK_ROUTE. Answers are read into `buf`. If that is NULL,
 * memory is mapped that holds any answer: more than the stack of a signal handler has. Returns
 * false, and sets n->error, if that fails. Must be followed by netlink_close.
 */
bool netlink_open(struct netlink *n, int protocol, char *buf, size_t size);

void netlink_close(const struct netlink *n);

/* Of a variable that netlink_open is called for: closes it when it goes out of scope. */
#define NETLINK_CLEANUP __attribute__((cleanup(netlink_close)))

/*
 * Sends a message, which begins with its struct nlmsghdr. Returns false, and sets n->error, if that
 * fails.
 */
bool netlink_ask(struct netlink *n, const void *message, size_t size);

/*
 * Reads the next message of the answer. Returns false, and sets n->error, if there is none. The
 * payload is valid until the next call.
 */
bool netlink_next(struct netlink *n, uint16_t *type, struct span *payload);

/* Returns the errno of NLMSG_ERROR or NLMSG_DONE; 0 if there is none. */
int netlink_error(struct span payload);

/*
 * Takes the next attribute (struct nlattr, struct rtattr). Returns false at the end, or if what
 * follows is none.
 */
bool netlink_attribute(struct span *attributes, uint16_t *type, struct span *value);

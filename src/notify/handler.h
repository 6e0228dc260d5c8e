/* The system calls that are stopped, and what answers each. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "notify/notification.h"

enum { NO_SOCKETCALL = -1 };

struct handler {
    const char *name; /* of the system call, as libseccomp(3) knows it */
    int socketcall;   /* its number for socketcall(2); 0 for socketcall itself; or NO_SOCKETCALL */
    size_t count;     /* of its arguments */
    int address;      /* stopped with --datagrams only, and if this argument is not NULL; or 0 */
    void (*handle)(struct notification *n); /* answers the call, and does not block */
};

/* All of them, up to one without a name. A new call is a line of this table, and a function. */
extern const struct handler handler_table[];

/* Returns the handler of a call by its architecture (AUDIT_ARCH_*) and number, or NULL. */
const struct handler *handler_find(uint32_t arch, int number);

/* Answers a call. */
void handler_run(struct notification *n);

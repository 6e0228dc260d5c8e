/* getsockname(2) and getpeername(2), which differ in nothing but what they ask. */
#ifndef NOTIFY_NAME_H
#define NOTIFY_NAME_H

#include "notify/notification.h"

typedef int name_call(int fd, struct sockaddr *addr, socklen_t *len);

/*
 * Ends a call that asks for a name: where `translated` tells another than the kernel
 * itself, `plain`, with that; else the kernel goes on with it.
 */
void name_answer(struct notification *s, name_call *plain, name_call *translated);

#endif

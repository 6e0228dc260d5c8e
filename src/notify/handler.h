/*
 * What becomes of each system call that is stopped: a file for each. All of them end the
 * call, and none of them blocks.
 */
#ifndef NOTIFY_HANDLER_H
#define NOTIFY_HANDLER_H

#include "notify/notification.h"

void handler_bind(struct notification *s);
void handler_connect(struct notification *s);
void handler_getsockname(struct notification *s);
void handler_getpeername(struct notification *s);
void handler_sendto(struct notification *s);

#endif

/*
 * What becomes of each system call that is stopped: a file for each. All of them end the
 * call, and none of them blocks.
 */
#ifndef NOTIFY_HANDLER_H
#define NOTIFY_HANDLER_H

#include "notify/stopped.h"

void handler_bind(struct stopped *s);
void handler_connect(struct stopped *s);
void handler_getsockname(struct stopped *s);
void handler_getpeername(struct stopped *s);
void handler_sendto(struct stopped *s);

#endif

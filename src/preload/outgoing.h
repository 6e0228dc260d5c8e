/* Addresses on their way to the kernel: asked to actual. */
#ifndef PRELOAD_OUTGOING_H
#define PRELOAD_OUTGOING_H

#include <sys/socket.h>

/* bind(2) by the table. */
int outgoing_bind(int fd, const struct sockaddr *addr, socklen_t len);

#endif

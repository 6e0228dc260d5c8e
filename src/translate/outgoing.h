/* Addresses on their way to the kernel: asked to actual. */
#ifndef TRANSLATE_OUTGOING_H
#define TRANSLATE_OUTGOING_H

#include <sys/socket.h>

/* bind(2) by the table. */
int outgoing_bind(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * The same for one of several ports that are tried: no line is written where it is in
 * use. The address must be one that can be read.
 */
int outgoing_try(int fd, const struct sockaddr *addr, socklen_t len);

#endif

/* Addresses on their way back from the kernel: actual to asked. */
#ifndef TRANSLATE_INCOMING_H
#define TRANSLATE_INCOMING_H

#include <sys/socket.h>

/* getsockname(2), which tells what was asked for. */
int incoming_getsockname(int fd, struct sockaddr *addr, socklen_t *len);

#endif

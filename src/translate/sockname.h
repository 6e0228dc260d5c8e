/* Addresses on their way back from the kernel: actual to asked. */
#ifndef TRANSLATE_SOCKNAME_H
#define TRANSLATE_SOCKNAME_H

#include <sys/socket.h>

/* getsockname(2), which tells what was asked for. */
int sockname_get(int fd, struct sockaddr *addr, socklen_t *len);

#endif

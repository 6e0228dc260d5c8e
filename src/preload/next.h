/* The functions that ours stand in front of: those of libc, or of the next preload. */
#ifndef PRELOAD_NEXT_H
#define PRELOAD_NEXT_H

#include <sys/socket.h>

/*
 * Looks the functions up with dlsym(3), which may allocate and takes the loader's
 * lock: for the constructor alone. Until then, those below are the system calls.
 */
void next_resolve(void);

int next_bind(int fd, const struct sockaddr *addr, socklen_t len);
int next_getsockname(int fd, struct sockaddr *addr, socklen_t *len);

#endif

/* The functions that ours stand in front of: those of libc, or of the next preload. */
#ifndef PRELOAD_NEXT_H
#define PRELOAD_NEXT_H

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

struct next {
    long (*syscall)(long, ...); /* first: see bypass.c */
    int (*bind)(int, const struct sockaddr *, socklen_t);
    int (*listen)(int, int);
    int (*connect)(int, const struct sockaddr *, socklen_t);
    int (*socket)(int, int, int);
    int (*accept)(int, struct sockaddr *, socklen_t *);
    int (*accept4)(int, struct sockaddr *, socklen_t *, int);
    int (*getsockname)(int, struct sockaddr *, socklen_t *);
    int (*getpeername)(int, struct sockaddr *, socklen_t *);
    ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    int (*sendmmsg)(int, struct mmsghdr *, unsigned, int);
    ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
    ssize_t (*recvmsg)(int, struct msghdr *, int);
    int (*recvmmsg)(int, struct mmsghdr *, unsigned, int, struct timespec *);
};

/* Until next_resolve has run, these are the system calls. */
extern struct next next;

/*
 * Looks the functions up with dlsym(3), which may allocate and takes the loader's
 * lock: for the constructor alone.
 */
void next_resolve(void);

#endif

/*
 * Another preload that stands in front of bind(): tells the port that it sees, and hands
 * the call on.
 */
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    static int (*next)(int, const struct sockaddr *, socklen_t);
    void *found = dlsym(RTLD_NEXT, "bind");

    memcpy(&next, &found, sizeof(next));
    fprintf(stderr, "chain sees %u\n", ntohs(((const struct sockaddr_in *)addr)->sin_port));
    return next(fd, addr, len);
}

/*
 * Another preload that stands in front of bind(), execve() and execveat(): tells the port and the
 * program that it sees, and hands the call on.
 */
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    static int (*next)(int, const struct sockaddr *, socklen_t);
    void *found = dlsym(RTLD_NEXT, "bind");

    memcpy(&next, &found, sizeof(next));
    fprintf(stderr, "chain sees %u\n", ntohs(((const struct sockaddr_in *)addr)->sin_port));
    return next(fd, addr, len);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    static int (*next)(const char *, char *const[], char *const[]);
    void *found = dlsym(RTLD_NEXT, "execve");

    memcpy(&next, &found, sizeof(next));
    fprintf(stderr, "chain sees %s\n", path);
    return next(path, argv, envp);
}

int execveat(int folder, const char *path, char *const argv[], char *const envp[], int flags)
{
    static int (*next)(int, const char *, char *const[], char *const[], int);
    void *found = dlsym(RTLD_NEXT, "execveat");

    memcpy(&next, &found, sizeof(next));
    fprintf(stderr, "chain sees a file at %d\n", folder >= 0);
    return next(folder, path, argv, envp, flags);
}

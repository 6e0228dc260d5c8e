/*
 * A library whose constructor makes system calls, binds port 80 and, with EARLY_SPAWN, starts a
 * program, before that of libremap.so when it is preloaded behind it.
 */
#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((constructor)) static void bind_early(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (syscall(SYS_getpid) != getpid() || syscall(-1) != -1 || errno != ENOSYS)
        perror("early syscall");
    else if (bind(fd, (struct sockaddr *)&in, size) != 0)
        perror("early bind");
    else if (getsockname(fd, (struct sockaddr *)&in, &size) == 0)
        fprintf(stderr, "early bind ok, name %u\n", ntohs(in.sin_port));
}

__attribute__((constructor)) static void spawn_early(void)
{
    char *arguments[] = {"echo", "early spawn", NULL}, *environment[] = {NULL};
    pid_t child;

    if (getenv("EARLY_SPAWN") == NULL)
        return;
    unsetenv("EARLY_SPAWN");
    if (posix_spawnp(&child, "echo", NULL, NULL, arguments, environment) != 0)
        fputs("early spawn failed\n", stderr);
    else
        waitpid(child, NULL, 0);
}

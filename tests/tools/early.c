/*
 * A library whose constructor binds port 80, before that of libremap.so when it is
 * preloaded behind it.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

__attribute__((constructor)) static void bind_early(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(80)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&in, size) != 0)
        perror("early bind");
    else if (getsockname(fd, (struct sockaddr *)&in, &size) == 0)
        fprintf(stderr, "early bind ok, name %u\n", ntohs(in.sin_port));
}

/*
 * page serve PORT: serves one page over HTTP, and says on its first line where it is.
 * page ask PORT: asks for it, and prints the last line of the answer, and whom it asked.
 * No more than POSIX, so that any libc will do.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in name = {.sin_family = AF_INET};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int port_of(int fd, int (*call)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_in told;
    socklen_t size = sizeof(told);

    if (call(fd, (struct sockaddr *)&told, &size) != 0)
        fail("name");
    return ntohs(told.sin_port);
}

static void serve(int fd)
{
    static const int on = 1;
    char request[4096];

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
        fail("bind");
    if (listen(fd, 16) != 0)
        fail("listen");
    printf("at %d\n", port_of(fd, getsockname));
    fflush(stdout);
    for (;;) {
        int client = accept(fd, NULL, NULL);
        if (client < 0)
            fail("accept");
        if (read(client, request, sizeof(request)) > 0)
            dprintf(client, "HTTP/1.0 200 OK\r\n\r\na page of port %d\n",
                    port_of(client, getsockname));
        close(client);
    }
}

static void ask(int fd)
{
    char answer[4096] = "";
    size_t size = 0;
    ssize_t count;

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
        fail("connect");
    int peer = port_of(fd, getpeername);
    dprintf(fd, "GET / HTTP/1.0\r\n\r\n");
    while ((count = read(fd, answer + size, sizeof(answer) - 1 - size)) > 0)
        size += (size_t)count;
    answer[size > 0 ? size - 1 : 0] = '\0';
    const char *line = strrchr(answer, '\n');
    printf("%s, said %d\n", line != NULL ? line + 1 : answer, peer);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    name.sin_port = htons((unsigned short)atoi(argv[2]));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        fail("socket");
    if (strcmp(argv[1], "serve") == 0)
        serve(fd);
    else
        ask(fd);
    return 0;
}

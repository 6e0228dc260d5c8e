/*
 * What the pages of docs run; its name says what it is.
 *   server [PORT], other [PORT]  a web server, which answers with its name, its port and its client
 *   resolver                     a server on UDP port 53, which answers likewise
 *   client                       asks that without connecting, and prints the answer
 * A server takes the socket of the service manager, if there is one (sd_listen_fds(3)).
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in at(const char *address, int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    inet_pton(AF_INET, address, &in.sin_addr);
    return in;
}

static void check(int result, const char *what)
{
    if (result >= 0)
        return;
    perror(what);
    exit(1);
}

static int own_port(int fd)
{
    struct sockaddr_in6 own = {.sin6_port = 0};
    socklen_t size = sizeof(own);

    getsockname(fd, (struct sockaddr *)&own, &size);
    return ntohs(own.sin6_port); /* where IPv4 has it, too */
}

static int bound(int type, int port)
{
    struct sockaddr_in in = at("0.0.0.0", port);
    int fd = socket(AF_INET, type, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    check(bind(fd, (struct sockaddr *)&in, sizeof(in)), "bind");
    return fd;
}

static void answer(int peer, const char *name, const struct sockaddr_storage *from)
{
    static const char HEAD[] = "HTTP/1.0 200 OK\r\n\r\n", MAPPED[] = "::ffff:";
    char request[4096], address[INET6_ADDRSTRLEN] = "";
    ssize_t size = read(peer, request, sizeof(request) - 1);

    request[size > 0 ? size : 0] = '\0';
    getnameinfo((const struct sockaddr *)from, sizeof(*from), address, sizeof(address), NULL, 0,
                NI_NUMERICHOST);
    const char *forwarded = strcasestr(request, "\nx-forwarded-for: ");
    int skipped = strncmp(address, MAPPED, strlen(MAPPED)) == 0 ? (int)strlen(MAPPED) : 0;
    dprintf(peer, "%s%s on port %d, asked by %s%.*s\n", HEAD, name, own_port(peer),
            address + skipped, forwarded != NULL ? (int)strcspn(forwarded + 1, "\r\n") + 1 : 0,
            forwarded);
}

static void serve(const char *name, int port)
{
    struct sockaddr_storage from;
    const char *passed = getenv("LISTEN_FDS");
    int fd = passed != NULL ? 3 : bound(SOCK_STREAM, port);

    check(listen(fd, 100), "listen");
    for (;;) {
        socklen_t size = sizeof(from);
        int peer = accept(fd, (struct sockaddr *)&from, &size);
        check(peer, "accept");
        answer(peer, name, &from);
        close(peer);
    }
}

static void resolve(const char *name)
{
    int fd = bound(SOCK_DGRAM, 53);
    struct sockaddr_in from;
    char text[100];

    for (;;) {
        socklen_t size = sizeof(from);
        check((int)recvfrom(fd, text, sizeof(text), 0, (struct sockaddr *)&from, &size),
              "recvfrom");
        int length = snprintf(text, sizeof(text), "%s on port %d", name, own_port(fd));
        sendto(fd, text, (size_t)length, 0, (struct sockaddr *)&from, size);
    }
}

static void ask(void)
{
    struct sockaddr_in in = at("127.0.0.1", 53);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char text[100];

    check((int)sendto(fd, "?", 1, 0, (struct sockaddr *)&in, sizeof(in)), "sendto");
    alarm(5);
    ssize_t size = recv(fd, text, sizeof(text), 0);
    printf("%.*s\n", size > 0 ? (int)size : 0, text);
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash != NULL ? slash + 1 : argv[0];

    if (strcmp(name, "client") == 0)
        ask();
    else if (strcmp(name, "resolver") == 0)
        resolve(name);
    else
        serve(name, argc > 1 ? atoi(argv[1]) : 80);
    return 0;
}

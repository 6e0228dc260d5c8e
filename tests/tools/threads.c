/*
 * threads [SECONDS]: eight threads that bind, listen, connect, accept, send, receive, ask
 * and close, each on ports that it shares with one other, for ten seconds or as many as
 * are given. Linked with the library's own objects, all built with ThreadSanitizer,
 * which ends the program with a status of its own where it finds a race. Says how many
 * rounds there were; 1 where a call did what it should not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8 };

static atomic_bool is_over;
static atomic_int faults;
static atomic_ulong rounds;

static void complain(const char *what)
{
    if (atomic_fetch_add(&faults, 1) < 10)
        perror(what);
}

static struct sockaddr_in name_of(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static uint16_t port_of(int (*ask)(int, struct sockaddr *, socklen_t *), int fd)
{
    struct sockaddr_in name = {.sin_family = AF_UNSPEC};
    socklen_t size = sizeof(name);
    return ask(fd, (struct sockaddr *)&name, &size) == 0 ? ntohs(name.sin_port) : 0;
}

static int ask_own(int fd, struct sockaddr *name, socklen_t *size)
{
    return getsockname(fd, name, size);
}

static int ask_peer(int fd, struct sockaddr *name, socklen_t *size)
{
    return getpeername(fd, name, size);
}

/* A new socket that is bound to the port, or -1 where another thread has it. */
static int bound(int type, uint16_t port)
{
    struct sockaddr_in name = name_of(port);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
        return fd;
    if (errno != EADDRINUSE)
        complain("bind");
    close(fd);
    return -1;
}

static void converse(int server, uint16_t port)
{
    struct linger at_once = {.l_onoff = 1};
    struct sockaddr_in name = name_of(port), from;
    socklen_t size = sizeof(from);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(client, (struct sockaddr *)&name, sizeof(name)) != 0)
        complain("connect");
    else if (port_of(ask_peer, client) != port)
        complain("getpeername");
    struct pollfd wait = {.fd = server, .events = POLLIN};
    if (poll(&wait, 1, 1000) == 1) {
        int taken = accept(server, (struct sockaddr *)&from, &size);
        if (taken < 0)
            complain("accept");
        else if (port_of(ask_own, taken) != port)
            complain("getsockname of a connection");
        close(taken);
    }
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(client);
}

static void round_of_tcp(uint16_t port)
{
    int server = bound(SOCK_STREAM, port);

    if (server < 0)
        return;
    if (port_of(ask_own, server) != port)
        complain("getsockname");
    /* Two sockets may be bound with SO_REUSEADDR, but only one of them listens. */
    if (listen(server, 8) == 0)
        converse(server, port);
    else if (errno != EADDRINUSE)
        complain("listen");
    close(server);
}

static void round_of_udp(uint16_t port)
{
    struct sockaddr_in name = name_of(port), from;
    socklen_t size = sizeof(from);
    char byte = 'x';
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), server = bound(SOCK_DGRAM, port);

    if (server >= 0 && sendto(client, &byte, 1, 0, (struct sockaddr *)&name, sizeof(name)) != 1)
        complain("sendto");
    if (server >= 0)
        recvfrom(server, &byte, 1, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    close(client);
    close(server);
}

static void *work(void *number)
{
    uint16_t shared = (uint16_t)(100 + (uintptr_t)number / 2),
             own = (uint16_t)(200 + (uintptr_t)number);

    while (!atomic_load(&is_over)) {
        round_of_tcp(own);
        round_of_udp(shared);
        round_of_udp(own);
        atomic_fetch_add(&rounds, 1);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct timespec time = {.tv_sec = argc > 1 ? atoi(argv[1]) : 10};
    pthread_t thread[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++) {
        if (pthread_create(&thread[i], NULL, work, (void *)i) != 0)
            return 1;
    }
    nanosleep(&time, NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    printf("%lu rounds, %d faults\n", atomic_load(&rounds), atomic_load(&faults));
    return atomic_load(&faults) > 0 || atomic_load(&rounds) == 0;
}

/*
 * stops MODE: a static program whose calls only the notify engine sees. Each mode prints
 * a line, and the port that is asked for is 80:
 *
 *   storm        bind and getsockname, two thousand times, while a signal comes each 200 us
 *   again        connects and datagrams among such signals: each is made once
 *   waits        a connect that blocks for a second among such signals, until it is taken
 *   threads      sixteen threads, each with ten sockets on a port of its own, 1 to 16
 *   compat       all four calls as a program of 32 bits makes them, by socketcall(2) and by
 *                their own numbers
 *   x32          a call of the x32 ABI
 *   interrupted  a connect that blocks, and a handler that is called after a second
 *   undumpable   bind by a process that is not dumpable
 *   stderr       bind, while standard error is a pipe that is full
 *   replaced     getsockname, while another thread executes this program with "untouched": that one
 *                looks whether something is written to where the name was to go
 *   read-only    getsockname into memory that is read-only
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "names.h"

static struct sockaddr_in address(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Binds a fresh socket to the port, and asks where it is: 0, or the errno of what failed; -1 for a lie. */
static int bind_and_ask(int port)
{
    struct sockaddr_in name = address(port), told = {0};
    socklen_t len = sizeof(told);
    int failure = 0, on = 1;

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* others may do the same at once */
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 ||
        getsockname(fd, (struct sockaddr *)&told, &len) != 0)
        failure = errno;
    else if (told.sin_port != name.sin_port || len != sizeof(told))
        failure = -1;
    close(fd);
    return failure;
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

/* Without SA_RESTART, one that comes before the supervisor has taken the call makes it fail. */
static void begin_storm(void)
{
    enum { PERIOD = 200 };
    const struct itimerval timer = {{0, PERIOD}, {0, PERIOD}};
    struct sigaction counts = {.sa_handler = count, .sa_flags = SA_RESTART};

    sigaction(SIGALRM, &counts, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static int end_storm(int failures)
{
    printf("%d failed, %s\n", failures, signals > 10 ? "signals came" : "no signal came");
    return 0;
}

static int storm(void)
{
    enum { TIMES = 2000 };
    int failures = 0;

    begin_storm();
    for (int i = 0; i < TIMES; i++)
        failures += bind_and_ask(80) != 0;
    return end_storm(failures);
}

/* Connects once, and takes the connection. Returns whether that fails. */
static bool connect_fails(int server, int flags)
{
    struct sockaddr_in name = address(80);
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), error = 0;
    socklen_t len = sizeof(error);

    int result = connect(fd, (struct sockaddr *)&name, sizeof(name));
    bool is_begun = result == 0 || (flags != 0 && errno == EINPROGRESS);
    int taken = is_begun ? accept(server, NULL, NULL) : -1;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    close(taken);
    close(fd);
    return taken < 0 || error != 0;
}

/* Sends one datagram, and takes it. Returns whether none came, or more than one. */
static bool send_fails(int server, int fd)
{
    struct sockaddr_in name = address(53);
    char byte;
    int count = 0;

    if (sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof(name)) != 1)
        return true;
    while (recv(server, &byte, 1, MSG_DONTWAIT) == 1)
        count++;
    return count != 1;
}

static int again(void)
{
    enum { TIMES = 500 };
    struct sockaddr_in name = address(80), datagrams = address(53);
    int server = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int client = socket(AF_INET, SOCK_DGRAM, 0), failures = 0;

    if (bind(server, (struct sockaddr *)&name, sizeof(name)) != 0 || listen(server, 100) != 0 ||
        bind(udp, (struct sockaddr *)&datagrams, sizeof(datagrams)) != 0)
        return 1;
    begin_storm();
    for (int i = 0; i < TIMES; i++)
        failures += connect_fails(server, 0) + connect_fails(server, SOCK_NONBLOCK) +
                    send_fails(udp, client);
    return end_storm(failures);
}

/* Another process takes the connections, one of which then finds a place. */
static int waits(void)
{
    struct sockaddr_in name = address(80);
    int server = socket(AF_INET, SOCK_STREAM, 0), failures = 0;

    if (bind(server, (struct sockaddr *)&name, sizeof(name)) != 0 || listen(server, 0) != 0)
        return 1;
    if (fork() == 0) {
        alarm(20);
        usleep(300000);
        for (int i = 0; i < 3; i++)
            accept(server, NULL, NULL);
        return 0;
    }
    begin_storm();
    for (int i = 0; i < 3; i++)
        failures +=
            connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof(name)) != 0;
    return end_storm(failures);
}

/* Connects to a socket that takes nobody, until that blocks; and is interrupted. */
static int interrupted(void)
{
    struct sockaddr_in name = address(80);
    struct sigaction counts = {.sa_handler = count}; /* no SA_RESTART */
    int server = socket(AF_INET, SOCK_STREAM, 0), result;

    if (bind(server, (struct sockaddr *)&name, sizeof(name)) != 0 || listen(server, 0) != 0)
        return 1;
    sigaction(SIGALRM, &counts, NULL);
    alarm(1);
    do
        result = connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&name, sizeof(name));
    while (result == 0);
    printf("%s, %d signal\n", error_name(errno), (int)signals);
    return 0;
}

static void *bind_many(void *port)
{
    intptr_t failures = 0;

    for (int i = 0; i < 10; i++)
        failures += bind_and_ask((int)(intptr_t)port) != 0;
    return (void *)failures;
}

static int threads(void)
{
    enum { COUNT = 16 };
    pthread_t thread[COUNT];
    intptr_t failures = 0;
    void *result;

    for (intptr_t i = 0; i < COUNT; i++)
        pthread_create(&thread[i], NULL, bind_many, (void *)(i + 1));
    for (int i = 0; i < COUNT; i++) {
        pthread_join(thread[i], &result);
        failures += (intptr_t)result;
    }
    printf("%ld failed\n", (long)failures);
    return 0;
}

#if defined(__x86_64__)

/* asm/unistd_32.h */
enum {
    I386_SOCKETCALL = 102,
    I386_BIND = 361,
    I386_CONNECT = 362,
    I386_GETSOCKNAME = 367,
    I386_GETPEERNAME = 368,
};

/* What a program of 32 bits would have: all addresses are below 4 GiB. */
struct low {
    struct sockaddr_in name, told;
    uint32_t len;
    uint32_t argument[3];
};

static long enter_32(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
}

static uint32_t low_address(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

/* One of the calls, by its own number, or by socketcall(2) where `which` is not 0. */
static long call_32(struct low *l, long number, long which, int fd, const void *name,
                    uint32_t third)
{
    if (which == 0)
        return enter_32(number, fd, low_address(name), third);
    l->argument[0] = (uint32_t)fd;
    l->argument[1] = low_address(name);
    l->argument[2] = third;
    return enter_32(I386_SOCKETCALL, which, low_address(l->argument), 0);
}

static int ask_32(struct low *l, long number, long which, int fd)
{
    l->len = sizeof(l->told);
    long failure = call_32(l, number, which, fd, &l->told, low_address(&l->len));
    return failure != 0 ? (int)failure : ntohs(l->told.sin_port);
}

static void converse(struct low *l, int port, bool by_socketcall)
{
    int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    long s = by_socketcall ? 1 : 0;

    l->name = address(port);
    printf("bind %ld", call_32(l, I386_BIND, s * SYS_BIND, server, &l->name, sizeof(l->name)));
    printf(" name %d", ask_32(l, I386_GETSOCKNAME, s * SYS_GETSOCKNAME, server));
    listen(server, 1);
    printf(" connect %ld",
           call_32(l, I386_CONNECT, s * SYS_CONNECT, client, &l->name, sizeof(l->name)));
    printf(" peer %d; ", ask_32(l, I386_GETPEERNAME, s * SYS_GETPEERNAME, client));
    close(server);
    close(client);
}

static int compat(void)
{
    struct low *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

    converse(l, 80, true);
    converse(l, 443, false);
    puts("done");
    return 0;
}

static int x32(void)
{
    enum { X32_BIT = 0x40000000 };
    long result = syscall(X32_BIT | SYS_getpid);

    puts(result < 0 ? error_name(errno) : "it runs");
    return 0;
}

#endif

static int undumpable(void)
{
    prctl(PR_SET_DUMPABLE, 0);
    puts(error_name(bind_and_ask(80)));
    return 0;
}

static int full_stderr(void)
{
    static char page[4096];
    int ends[2];

    if (pipe2(ends, O_NONBLOCK) != 0)
        return 1;
    while (write(ends[1], page, sizeof(page)) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    dup2(ends[1], STDERR_FILENO);
    printf("%d\n", bind_and_ask(80));
    return 0;
}

/* At the same place in each process of this program. */
static volatile unsigned char landing[64];

static void *execute(void *path)
{
    usleep(20000); /* the call is under way then: late.so makes it take longer */
    execl(path, path, "untouched", (char *)NULL);
    return NULL;
}

static int replaced(void)
{
    struct sockaddr_in name = address(80);
    socklen_t len = sizeof(landing);
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
        return 1;
    pthread_create(&thread, NULL, execute, "./stops");
    for (;;)
        getsockname(fd, (struct sockaddr *)landing, &len);
}

static int untouched(void)
{
    int written = 0;

    for (int i = 0; i < 300 && written == 0; i++) {
        usleep(1000);
        for (size_t at = 0; at < sizeof(landing); at++)
            written += landing[at] != 0;
    }
    puts(written != 0 ? "written" : "untouched");
    return 0;
}

static int read_only(void)
{
    struct sockaddr_in name = address(80);
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
        return 1;
    int result = getsockname(fd, (struct sockaddr *)page, &len);
    puts(result == 0 ? "ok" : error_name(errno));
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} MODES[] = {
    {"storm", storm},
    {"again", again},
    {"waits", waits},
    {"threads", threads},
#if defined(__x86_64__)
    {"compat", compat},
    {"x32", x32},
#endif
    {"interrupted", interrupted},
    {"undumpable", undumpable},
    {"stderr", full_stderr},
    {"replaced", replaced},
    {"untouched", untouched},
    {"read-only", read_only},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(MODES) / sizeof(MODES[0]); i++) {
        if (strcmp(argv[1], MODES[i].name) == 0)
            return MODES[i].run();
    }
    fputs("usage: stops MODE\n", stderr);
    return 64;
}

/*
 * calls WHAT PORT ROUNDS [COMMAND...]: the nanoseconds that one call takes, of the best of so many
 * rounds. WHAT is
 *
 *   bind         of a fresh socket to PORT (making it is not counted)
 *   first        of the first bind of this process, to PORT
 *   socket       three calls: a socket is made, bound to PORT and closed
 *   getsockname  of a socket that is bound to PORT
 *   ping-pong    four calls: sendto and recvfrom, to a socket on PORT and back
 *   connection   one connection to PORT: made, taken and closed
 *   start        a program that does nothing, /bin/true, or COMMAND, under LD_PRELOAD=$PRELOAD if that is set
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 400, STARTS = 20 };

static struct sockaddr_in name = {.sin_family = AF_INET};

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int new_socket(int type)
{
    int fd = socket(AF_INET, type, 0);
    if (fd < 0)
        fail("socket");
    return fd;
}

/*
 * Binds a socket. Returns how long that took. Tries again for a moment if the port is in use: a
 * process that reads /proc/PID/fd can hold the last socket beyond its close(2).
 */
static uint64_t bind_to(int fd)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    for (int tries = 0; tries < 1000; tries++) {
        uint64_t start = now();
        if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
            return now() - start;
        if (errno != EADDRINUSE)
            break;
        nanosleep(&moment, NULL);
    }
    fail("bind");
}

static uint64_t round_of_bind(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < CALLS; i++) {
        int fd = new_socket(SOCK_STREAM);
        sum += bind_to(fd);
        close(fd);
    }
    return sum;
}

/* Only the first round is measured: the others return what it took. */
static uint64_t round_of_first(void)
{
    static uint64_t first;

    if (first == 0) {
        int fd = new_socket(SOCK_STREAM);
        first = bind_to(fd);
        close(fd);
    }
    return first;
}

static uint64_t round_of_socket(void)
{
    uint64_t start = now();

    for (int i = 0; i < CALLS; i++) {
        int fd = new_socket(SOCK_STREAM);
        bind_to(fd);
        close(fd);
    }
    return now() - start;
}

static uint64_t round_of_getsockname(void)
{
    struct sockaddr_in own;
    int fd = new_socket(SOCK_STREAM);

    bind_to(fd);
    uint64_t start = now();
    for (int i = 0; i < CALLS; i++) {
        socklen_t size = sizeof(own);
        if (getsockname(fd, (struct sockaddr *)&own, &size) != 0)
            fail("getsockname");
    }
    uint64_t end = now();
    close(fd);
    return end - start;
}

static void send_to(int fd, const struct sockaddr_in *to)
{
    if (sendto(fd, "ping", 4, 0, (const struct sockaddr *)to, sizeof(*to)) != 4)
        fail("sendto");
}

static void receive(int fd, struct sockaddr_in *from)
{
    char buf[16];
    socklen_t size = sizeof(*from);
    if (recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)from, &size) != 4)
        fail("recvfrom");
}

static uint64_t round_of_ping_pong(void)
{
    int server = new_socket(SOCK_DGRAM), client = new_socket(SOCK_DGRAM);
    struct sockaddr_in from;

    bind_to(server);
    uint64_t start = now();
    for (int i = 0; i < CALLS; i++) {
        send_to(client, &name);
        receive(server, &from);
        send_to(server, &from);
        receive(client, &from);
    }
    uint64_t end = now();
    close(server);
    close(client);
    return end - start;
}

static uint64_t round_of_connection(void)
{
    int server = new_socket(SOCK_STREAM), one = 1;

    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    bind_to(server);
    if (listen(server, 16) != 0)
        fail("listen");
    uint64_t start = now();
    for (int i = 0; i < CALLS; i++) {
        struct linger at_once = {.l_onoff = 1};
        struct sockaddr_in from;
        socklen_t size = sizeof(from);
        int client = new_socket(SOCK_STREAM);
        if (connect(client, (struct sockaddr *)&name, sizeof(name)) != 0)
            fail("connect");
        int taken = accept(server, (struct sockaddr *)&from, &size);
        if (taken < 0)
            fail("accept");
        setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(client);
        close(taken);
    }
    uint64_t end = now();
    close(server);
    return end - start;
}

static char *nothing[] = {"/bin/true", NULL};
static char **command = nothing;

/* "TO=VALUE", of an environment variable of another name. */
static char *variable(const char *to, const char *from)
{
    const char *value = getenv(from);
    char *text;

    if (asprintf(&text, "%s=%s", to, value != NULL ? value : "") < 0)
        fail("memory");
    return text;
}

static uint64_t round_of_start(void)
{
    char *environment[] = {variable("LD_PRELOAD", "PRELOAD"),
                           variable("REMAP_STATE", "REMAP_STATE"), NULL};
    pid_t child;
    int status;

    uint64_t start = now();
    for (int i = 0; i < STARTS; i++) {
        if (posix_spawn(&child, command[0], NULL, NULL, command, environment) != 0 ||
            waitpid(child, &status, 0) != child || status != 0)
            fail(command[0]);
    }
    uint64_t end = now();
    for (size_t i = 0; environment[i] != NULL; i++)
        free(environment[i]);
    return end - start;
}

static const struct {
    const char *name;
    uint64_t (*round)(void);
    unsigned calls; /* in a round */
} MEASURES[] = {
    {"socket", round_of_socket, CALLS},
    {"bind", round_of_bind, CALLS},
    {"getsockname", round_of_getsockname, CALLS},
    {"ping-pong", round_of_ping_pong, CALLS},
    {"connection", round_of_connection, CALLS},
    {"start", round_of_start, STARTS},
    {"first", round_of_first, 1},
};

int main(int argc, char **argv)
{
    uint64_t best = UINT64_MAX;

    if (argc < 4)
        return 64;
    if (argc > 4)
        command = argv + 4;
    name.sin_port = htons((uint16_t)atoi(argv[2]));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < sizeof(MEASURES) / sizeof(MEASURES[0]); i++) {
        if (strcmp(argv[1], MEASURES[i].name) != 0)
            continue;
        for (int round = 0; round < atoi(argv[3]); round++) {
            uint64_t time = MEASURES[i].round();
            best = time < best ? time : best;
        }
        printf("%llu\n", (unsigned long long)(best / MEASURES[i].calls));
        return 0;
    }
    return 64;
}

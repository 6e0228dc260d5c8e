/*
 * calls [-c PORT] [-p PROCESSES] WHAT PORT ROUNDS [COMMAND...]: the nanoseconds that one call takes, of
 * the best of so many rounds. WHAT is
 *
 *   bind         of a fresh socket to PORT (making it is not counted)
 *   first        of the first bind of this process, to PORT
 *   socket       three calls: a socket is made, bound to PORT and closed
 *   getsockname  of a socket that is bound to PORT
 *   ping-pong    four calls: sendto and recvfrom, to a socket on PORT and back
 *   connection   one connection to PORT: made, taken and closed
 *   start        a program that does nothing, /bin/true, or COMMAND, under LD_PRELOAD=$PRELOAD if that is set
 *   command      the same, once in a round
 *
 * -c PORT is where clients connect and send to, if that is not the port of the server. With -p, so many
 * processes do it at once, each on a CPU and a port of its own, PORT and those after it: prints what a
 * call takes of each, in the median of all rounds. -w is how one of them is called.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 400, STARTS = 20 };

/* The server's, and what its clients call it. */
static struct sockaddr_in name = {.sin_family = AF_INET}, peer = {.sin_family = AF_INET};

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
        send_to(client, &peer);
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
        if (connect(client, (struct sockaddr *)&peer, sizeof(peer)) != 0)
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

static uint64_t spawn_times(int count)
{
    char *environment[] = {variable("LD_PRELOAD", "PRELOAD"),
                           variable("REMAP_STATE", "REMAP_STATE"), NULL};
    pid_t child;
    int status;

    uint64_t start = now();
    for (int i = 0; i < count; i++) {
        if (posix_spawn(&child, command[0], NULL, NULL, command, environment) != 0 ||
            waitpid(child, &status, 0) != child || status != 0)
            fail(command[0]);
    }
    uint64_t end = now();
    for (size_t i = 0; environment[i] != NULL; i++)
        free(environment[i]);
    return end - start;
}

static uint64_t round_of_start(void)
{
    return spawn_times(STARTS);
}

static uint64_t round_of_command(void)
{
    return spawn_times(1);
}

static const struct measure {
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
    {"command", round_of_command, 1},
};

static const struct measure *measure_named(const char *text)
{
    for (size_t i = 0; i < sizeof(MEASURES) / sizeof(MEASURES[0]); i++) {
        if (strcmp(text, MEASURES[i].name) == 0)
            return &MEASURES[i];
    }
    exit(64);
}

static void set_ports(int server, int client)
{
    name.sin_port = htons((uint16_t)server);
    peer.sin_port = htons((uint16_t)client);
    name.sin_addr.s_addr = peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* Nanoseconds of a call, in the best round. */
static double best_of(const struct measure *m, int rounds)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < rounds; i++) {
        uint64_t time = m->round();
        best = time < best ? time : best;
    }
    return (double)best / m->calls;
}

static int by_size(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

/* What else a CPU does is in a few rounds. */
static double median_of(const struct measure *m, int rounds)
{
    uint64_t *times = calloc((size_t)rounds, sizeof(*times));

    if (times == NULL)
        fail("memory");
    for (int i = 0; i < rounds; i++)
        times[i] = m->round();
    qsort(times, (size_t)rounds, sizeof(*times), by_size);
    const uint64_t *middle = &times[rounds / 2];
    double median = (double)*middle;
    free(times);
    return median / m->calls;
}

static void stay_on(size_t cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu % (size_t)sysconf(_SC_NPROCESSORS_ONLN), &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        fail("sched_setaffinity");
}

/* One of the processes: begins at the end of its standard input. */
static double median_from_then(const struct measure *m, int rounds)
{
    char none;

    m->round();
    puts("ready");
    if (fflush(stdout) != 0 || read(STDIN_FILENO, &none, 1) != 0)
        fail("standard input");
    return median_of(m, rounds);
}

/* Executes this program as one of the processes, on its own CPU and port. */
_Noreturn static void become_one(int number, char **argv, int input, int output)
{
    char server[16], client[16];

    stay_on((size_t)number);
    snprintf(server, sizeof(server), "%d", ntohs(name.sin_port) + number);
    snprintf(client, sizeof(client), "%d", ntohs(peer.sin_port) + number);
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
        fail("dup2");
    execl("/proc/self/exe", "calls", "-w", "-c", client, argv[0], server, argv[2], NULL);
    fail("execl");
}

/* Nanoseconds of a call of one of the processes, by the sum of their rates. */
static double each_of(char **argv, int processes)
{
    int start[2], result[2], ready = 0;
    double sum = 0;
    char line[64];

    if (pipe2(start, O_CLOEXEC) != 0 || pipe2(result, O_CLOEXEC) != 0)
        fail("pipe2");
    for (int i = 0; i < processes; i++) {
        pid_t child = fork();
        if (child < 0)
            fail("fork");
        if (child == 0)
            become_one(i, argv, start[0], result[1]);
    }
    close(result[1]);
    FILE *lines = fdopen(result[0], "r");
    while (lines != NULL && fgets(line, sizeof(line), lines) != NULL) {
        if (strcmp(line, "ready\n") != 0)
            sum += 1 / atof(line);
        else if (++ready == processes)
            close(start[1]);
    }
    return processes / sum;
}

int main(int argc, char **argv)
{
    int client = 0, processes = 0;
    bool is_one = false;
    double time;

    for (int option; (option = getopt(argc, argv, "+c:p:w")) != -1;) {
        switch (option) {
        case 'c':
            client = atoi(optarg);
            break;
        case 'p':
            processes = atoi(optarg);
            break;
        case 'w':
            is_one = true;
            break;
        default:
            return 64;
        }
    }
    argv += optind;
    argc -= optind;
    if (argc < 3)
        return 64;
    if (argc > 3)
        command = argv + 3;
    const struct measure *measure = measure_named(argv[0]);
    int port = atoi(argv[1]), rounds = atoi(argv[2]);
    set_ports(port, client != 0 ? client : port);
    if (processes != 0)
        time = each_of(argv, processes);
    else
        time = is_one ? median_from_then(measure, rounds) : best_of(measure, rounds);
    printf("%.0f\n", time);
    return 0;
}

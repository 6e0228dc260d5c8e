/*
 * stress SECONDS [SEED]: eight processes in one registry, against an oracle that knows what lives. They
 * bind, listen, close, connect, fork, hand their sockets to a child, execute themselves with
 * another table, and are killed at any moment. Prints counts, and each answer that was wrong, to
 * stderr. Ends with 0 if there was none.
 *
 * The oracle is shared memory: the sockets of each worker, with the endpoint that each asked for. A worker
 * has addresses of its own, so that the kernel never refuses a bind. Ports are shared: the tables
 * of the workers send different asked ports to one actual port, and others bind that port itself.
 *
 * A server is published after listen, and withdrawn before close and before its worker is
 * killed. What a client sees counts only if the server is still the same one afterwards.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 8, SOCKETS = 24, PATIENCE = 10000 /* ms */ };

static const char *const TABLES[] = {
    "80=8080,81=8081,443=8443,53=8053,20=8020,200=9000-9019,202=auto,300-399=+8000,600-799=+8000",
    "80=8081,81=8080,443=8053,53=8443,20=8021,200=9010-9029,202=auto,300-399=+8000,600-799=+8000",
    "80=8443,81=8053,8081=8080,53=8081,20=8022,200=9000-9019,202=auto,300-399=+8000,600-799=+8000",
};
enum { TABLE_COUNT = sizeof(TABLES) / sizeof(TABLES[0]) };

/* One socket of a worker. Others read it if `turn` is odd, and the same before and after. */
struct own_socket {
    _Atomic uint32_t turn;
    uint32_t token;
    struct sockaddr_storage asked;
    int fd, type, actual; /* the actual port, or 0 if the library has a choice */
    bool is_used;
};

struct worker {
    _Atomic uint32_t incarnation;
    unsigned table;
    uint64_t random;
    struct own_socket sockets[SOCKETS];
};

enum count {
    BINDS,
    NAMES,
    CONNECTIONS,
    ANSWERS,
    REFUSED,
    FORKS,
    HANDOVERS,
    EXECS,
    KILLS,
    DISCARDED,
    UNREACHED,
    LIES,
    COUNTS
};
static const char *const COUNT_NAMES[COUNTS] = {
    "binds",       "names",    "connections", "datagrams answered", "refused",     "forks",
    "handed over", "executed", "killed",      "discarded",          "not reached", "lies"};

struct oracle {
    _Atomic bool is_over;
    _Atomic unsigned long counts[COUNTS];
    _Atomic uint32_t token;
    struct worker workers[WORKERS];
};

static struct oracle *oracle;
static struct worker *own;
static int number, memory;

static unsigned chance(unsigned below)
{
    own->random = own->random * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(own->random >> 33) % below;
}

static void count(enum count what)
{
    oracle->counts[what]++;
}

/* ---- addresses ---- */

static socklen_t size_of(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* The port lies at the same place in both families. */
static uint16_t port_of(const struct sockaddr_storage *a)
{
    return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

static struct sockaddr_storage name_of(const char *address, unsigned port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&a;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;

    a.ss_family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    inet_pton(a.ss_family, address,
              a.ss_family == AF_INET ? (void *)&in->sin_addr : (void *)&in6->sin6_addr);
    in->sin_port = htons((uint16_t)port);
    return a;
}

static bool is_wildcard(const struct sockaddr_storage *a)
{
    const struct sockaddr_storage any =
        name_of(a->ss_family == AF_INET ? "0.0.0.0" : "::", port_of(a));
    return memcmp(a, &any, size_of(a)) == 0;
}

/* Returns where a client finds a server. */
static struct sockaddr_storage place_of(const struct sockaddr_storage *asked)
{
    return !is_wildcard(asked)
               ? *asked
               : name_of(asked->ss_family == AF_INET ? "127.0.0.1" : "::1", port_of(asked));
}

static const char *text_of(const struct sockaddr_storage *a)
{
    static char text[4][INET6_ADDRSTRLEN + 8];
    static int at;
    char address[INET6_ADDRSTRLEN] = "?";

    if (a->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, address, sizeof(address));
    else
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, address, sizeof(address));
    at = (at + 1) % 4;
    snprintf(text[at], sizeof(text[at]), "%s port %u", address, port_of(a));
    return text[at];
}

static void lie(const char *what, const struct sockaddr_storage *expected,
                const struct sockaddr_storage *got)
{
    count(LIES);
    fprintf(stderr, "lie: worker %d (%d), table %u: %s: expected %s, got %s\n", number, getpid(),
            own->table, what, text_of(expected), got != NULL ? text_of(got) : strerror(errno));
}

static void compare(const char *what, const struct sockaddr_storage *expected,
                    const struct sockaddr_storage *got)
{
    count(NAMES);
    if (expected->ss_family != got->ss_family || memcmp(expected, got, size_of(expected)) != 0)
        lie(what, expected, got);
}

typedef int name_call(int, struct sockaddr *, socklen_t *);

static void compare_name(const char *what, name_call *call, int fd,
                         const struct sockaddr_storage *expected)
{
    struct sockaddr_storage got = {0};
    socklen_t len = sizeof(got);

    if (call(fd, (struct sockaddr *)&got, &len) == 0)
        compare(what, expected, &got);
    else if (errno != ENOTCONN) /* the other end is gone */
        lie(what, expected, NULL);
}

static void compare_names(void)
{
    for (int i = 0; i < SOCKETS; i++) {
        if (own->sockets[i].is_used)
            compare_name(own->sockets[i].type == SOCK_DGRAM ? "getsockname of UDP"
                         : own->sockets[i].turn % 2 == 1    ? "getsockname of a listener"
                                                            : "getsockname",
                         getsockname, own->sockets[i].fd, &own->sockets[i].asked);
    }
}

/* ---- what is bound ---- */

/* Returns the actual port for an asked one, or 0 if the table leaves a choice. */
static unsigned actual_of(unsigned asked)
{
    static const unsigned MOVED[TABLE_COUNT][6][2] = {
        {{80, 8080}, {81, 8081}, {443, 8443}, {53, 8053}, {20, 8020}},
        {{80, 8081}, {81, 8080}, {443, 8053}, {53, 8443}, {20, 8021}},
        {{80, 8443}, {81, 8053}, {8081, 8080}, {53, 8081}, {20, 8022}},
    };

    for (int i = 0; i < 6; i++) {
        if (MOVED[own->table][i][0] == asked)
            return MOVED[own->table][i][1];
    }
    if (asked == 200 || asked == 202)
        return 0;
    return asked >= 300 && asked < 800 ? asked + 8000 : asked;
}

/* Draws an endpoint that only this worker has. `type` is that of the socket. */
static struct sockaddr_storage draw_name(int type)
{
    static const unsigned PORTS[] = {80, 81, 53, 200, 202, 8080, 8081, 8443, 8053, 9005};
    char address[32];
    unsigned kind = chance(10), port = PORTS[chance(sizeof(PORTS) / sizeof(PORTS[0]))];

    if (kind == 0)
        return name_of("::1", 300 + (unsigned)number * 10 + chance(4));
    if (kind == 1)
        return name_of(chance(2) == 0 ? "0.0.0.0" : "::",
                       (type == SOCK_STREAM ? 700 : 600) + (unsigned)number * 10 + chance(4));
    if (kind == 2) /* the actual port of a wildcard of the other protocol */
        port = (type == SOCK_STREAM ? 8600 : 8700) + chance(WORKERS * 10);
    snprintf(address, sizeof(address), "%s127.%d.0.%u", kind == 3 ? "::ffff:" : "", number + 1,
             1 + chance(4));
    return name_of(address, port);
}

/* Returns whether an own socket has the asked or the actual port, or may have it. */
static bool is_taken(const struct sockaddr_storage *asked, int type, unsigned actual)
{
    for (int i = 0; i < SOCKETS; i++) {
        const struct own_socket *s = &own->sockets[i];
        bool has_choice = s->actual == 0 || actual == 0,
             is_one_asked = port_of(asked) == port_of(&s->asked);
        bool are_near = (s->actual == 0 || s->actual >= 9000) && (actual == 0 || actual >= 9000);
        if (s->is_used && s->type == type &&
            (is_one_asked || (has_choice ? are_near : (unsigned)s->actual == actual)))
            return true;
    }
    return false;
}

static int new_socket(int family, int type)
{
    int fd = socket(family, type, 0), one = 1;

    if (fd < 0) {
        perror("stress: socket");
        exit(2);
    }
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (family == AF_INET6 && type != 0)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    return fd;
}

static void open_socket(struct own_socket *s)
{
    int type = chance(2) == 0 ? SOCK_STREAM : SOCK_DGRAM;
    struct sockaddr_storage asked = draw_name(type);
    unsigned actual = actual_of(port_of(&asked));

    if (s->is_used || is_taken(&asked, type, actual))
        return;
    int fd = new_socket(asked.ss_family, type);
    if (is_wildcard(&asked) && asked.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int));
    if (bind(fd, (struct sockaddr *)&asked, size_of(&asked)) != 0) {
        lie("bind", &asked, NULL);
        close(fd);
        return;
    }
    count(BINDS);
    s->asked = asked;
    s->type = type;
    s->actual = (int)actual;
    s->fd = fd;
    s->token = ++oracle->token;
    s->is_used = true;
    compare_name("getsockname after bind", getsockname, fd, &asked);
    if (type == SOCK_DGRAM || (chance(4) != 0 && listen(fd, 64) == 0))
        s->turn++;
}

static void close_socket(struct own_socket *s)
{
    if (!s->is_used)
        return;
    if (s->turn % 2 == 1)
        s->turn++;
    close(s->fd);
    s->is_used = false;
}

/* ---- servers ---- */

struct request {
    uint32_t worker, incarnation, token;
    struct sockaddr_storage client;
};

static bool lives(const struct request *q)
{
    return q->worker < WORKERS && oracle->workers[q->worker].incarnation == q->incarnation;
}

static void answer_connection(const struct own_socket *s)
{
    struct sockaddr_storage peer = {0}, place = place_of(&s->asked);
    socklen_t len = sizeof(peer);
    struct request q = {0};
    int fd = accept(s->fd, (struct sockaddr *)&peer, &len);
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return;
    if (poll(&p, 1, 2000) == 1 && recv(fd, &q, sizeof(q), MSG_WAITALL) == sizeof(q)) {
        compare_name("getsockname of a connection", getsockname, fd, &place);
        if (lives(&q) && q.client.ss_family == peer.ss_family) {
            compare("accept", &q.client, &peer);
            compare_name("getpeername of a connection", getpeername, fd, &q.client);
        }
        (void)!write(fd, &s->token, sizeof(s->token));
    }
    close(fd);
}

static void answer_datagram(const struct own_socket *s)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    struct request q = {0};

    if (recvfrom(s->fd, &q, sizeof(q), MSG_DONTWAIT, (struct sockaddr *)&from, &len) != sizeof(q))
        return;
    count(NAMES);
    if (lives(&q) && port_of(&from) != port_of(&q.client))
        lie("recvfrom", &q.client, &from);
    sendto(s->fd, (uint32_t[]){s->token, q.token}, 8, 0, (struct sockaddr *)&from, len);
}

/* Serves until `fd` can be read, or once if that is -1. Returns whether it can. */
static bool serve(int fd)
{
    struct pollfd polled[SOCKETS + 1];
    time_t end = time(NULL) + PATIENCE / 1000;

    do {
        for (int i = 0; i < SOCKETS; i++)
            polled[i] = (struct pollfd){
                .fd = own->sockets[i].turn % 2 == 1 ? own->sockets[i].fd : -1, .events = POLLIN};
        polled[SOCKETS] = (struct pollfd){.fd = fd, .events = POLLIN};
        poll(polled, SOCKETS + 1, fd < 0 ? 0 : 100);
        for (int i = 0; i < SOCKETS; i++) {
            if (polled[i].revents == 0)
                continue;
            if (own->sockets[i].type == SOCK_STREAM)
                answer_connection(&own->sockets[i]);
            else
                answer_datagram(&own->sockets[i]);
        }
    } while (fd >= 0 && polled[SOCKETS].revents == 0 && time(NULL) < end && !oracle->is_over);
    return fd >= 0 && polled[SOCKETS].revents != 0;
}

/* ---- clients ---- */

/* A server that is published, and what tells whether it still is. */
struct seen {
    const struct worker *worker;
    const struct own_socket *socket;
    uint32_t incarnation, turn, token;
    int type;
    struct sockaddr_storage asked, place;
};

static bool is_still(const struct seen *v)
{
    return v->socket->turn == v->turn && v->worker->incarnation == v->incarnation;
}

static bool find_server(struct seen *v)
{
    v->worker = &oracle->workers[chance(WORKERS)];
    v->incarnation = v->worker->incarnation;
    v->socket = &v->worker->sockets[chance(SOCKETS)];
    v->turn = v->socket->turn;
    v->token = v->socket->token;
    v->type = v->socket->type;
    v->asked = v->socket->asked;
    atomic_thread_fence(memory_order_seq_cst);
    return v->incarnation % 2 == 1 && v->turn % 2 == 1 && is_still(v);
}

static void discard_or_lie(const struct seen *v, const char *what)
{
    int error = errno;

    if (!is_still(v) || oracle->is_over)
        count(DISCARDED);
    else if (error == ECONNREFUSED) /* one in a thousand is natively, as root with the real ports */
        count(UNREACHED);
    else {
        errno = error;
        lie(what, &v->place, NULL);
    }
}

static struct request request_of(int fd)
{
    struct request q = {(uint32_t)number, own->incarnation, ++oracle->token, {0}};
    socklen_t len = sizeof(q.client);

    getsockname(fd, (struct sockaddr *)&q.client, &len);
    return q;
}

/* Binds a client to a source port that the table moves. */
static void bind_source(int fd, const struct sockaddr_storage *to)
{
    char address[32];

    snprintf(address, sizeof(address), "127.%d.0.9", number + 1);
    struct sockaddr_storage source = name_of(address, 20);
    if (to->ss_family == AF_INET && bind(fd, (struct sockaddr *)&source, size_of(&source)) == 0)
        compare_name("getsockname of a client", getsockname, fd, &source);
}

static void connect_to(const struct seen *v)
{
    int fd = new_socket(v->place.ss_family, SOCK_STREAM);
    struct linger at_once = {.l_onoff = 1};
    uint32_t token = 0;

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (chance(4) == 0)
        bind_source(fd, &v->place);
    if (connect(fd, (struct sockaddr *)&v->place, size_of(&v->place)) != 0) {
        if (errno != EADDRNOTAVAIL)
            discard_or_lie(v, "connect");
    } else {
        struct request q = request_of(fd);
        compare_name("getpeername", getpeername, fd, &v->place);
        if (send(fd, &q, sizeof(q), MSG_NOSIGNAL) != sizeof(q) || !serve(fd) ||
            recv(fd, &token, sizeof(token), 0) <= 0)
            count(DISCARDED); /* a busy server ends connections, also natively */
        else if (token != v->token)
            discard_or_lie(v, "another server answered");
        else
            count(CONNECTIONS);
    }
    close(fd);
}

static void send_to(const struct seen *v)
{
    int fd = new_socket(v->place.ss_family, SOCK_DGRAM);
    const struct sockaddr *to = (const struct sockaddr *)&v->place;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    uint32_t token[2] = {0, 0};
    bool connects = chance(2) == 0;
    struct request q;

    bind(fd, (struct sockaddr *)&(struct sockaddr_storage){.ss_family = v->place.ss_family},
         size_of(&v->place));
    q = request_of(fd);
    if (connects && connect(fd, to, size_of(&v->place)) == 0)
        compare_name("getpeername of UDP", getpeername, fd, &v->place);
    if (sendto(fd, &q, sizeof(q), 0, connects ? NULL : to, connects ? 0 : size_of(&v->place)) !=
            sizeof(q) ||
        !serve(fd) ||
        recvfrom(fd, token, sizeof(token), 0, (struct sockaddr *)&from, &len) != sizeof(token))
        discard_or_lie(v, "a datagram's answer");
    else if (token[0] != v->token || token[1] != q.token)
        discard_or_lie(v, "another server answered a datagram");
    else {
        count(ANSWERS);
        if (is_still(v))
            compare("recvfrom of an answer", &v->place, &from);
    }
    close(fd);
}

static void ask_server(void)
{
    struct seen v;

    if (!find_server(&v))
        return;
    v.place = place_of(&v.asked);
    if (v.type == SOCK_STREAM)
        connect_to(&v);
    else
        send_to(&v);
}

/* Nobody but this worker has its addresses: a port that it does not have is refused. */
static void ask_nobody(void)
{
    struct sockaddr_storage to = draw_name(SOCK_STREAM);

    if (is_wildcard(&to) || port_of(&to) >= 1024)
        return;
    for (int i = 0; i < SOCKETS; i++) {
        const struct own_socket *s = &own->sockets[i];
        if (s->is_used && s->type == SOCK_STREAM && port_of(&s->asked) == port_of(&to))
            return;
    }
    int fd = new_socket(to.ss_family, SOCK_STREAM);
    count(REFUSED);
    if (connect(fd, (struct sockaddr *)&to, size_of(&to)) == 0)
        lie("a connection to nobody", &to, &to);
    close(fd);
}

/* ---- processes ---- */

static void fork_and_compare(void)
{
    pid_t child = fork();

    if (child == 0) {
        compare_names();
        _exit(0);
    }
    count(FORKS);
    waitpid(child, NULL, 0);
}

/* The child goes on, and has all sockets. */
static void hand_over(void)
{
    count(HANDOVERS);
    if (fork() > 0)
        _exit(0);
}

static void execute_again(void)
{
    char text[2][16];

    own->table = chance(TABLE_COUNT);
    setenv("REMAP", TABLES[own->table], 1);
    snprintf(text[0], sizeof(text[0]), "%d", memory);
    snprintf(text[1], sizeof(text[1]), "%d", number);
    count(EXECS);
    execl("/proc/self/exe", "stress", "worker", text[0], text[1], NULL);
    perror("stress: exec");
    exit(2);
}

static void work(void)
{
    while (!oracle->is_over) {
        struct own_socket *s = &own->sockets[chance(SOCKETS)];
        unsigned what = chance(100);
        serve(-1);
        if (what < 30)
            open_socket(s);
        else if (what < 48)
            close_socket(s);
        else if (what < 58)
            compare_names();
        else if (what < 92)
            ask_server();
        else if (what < 96)
            ask_nobody();
        else if (what < 98)
            fork_and_compare();
        else if (what < 99)
            hand_over();
        else
            execute_again();
    }
    compare_names();
    exit(0);
}

static void attach(const char *fd)
{
    memory = atoi(fd);
    oracle = mmap(NULL, sizeof(*oracle), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (oracle == MAP_FAILED) {
        perror("stress: mmap");
        exit(2);
    }
}

/* A worker and its children are a process group, and so are killed together. */
static pid_t start_worker(int which, uint64_t seed)
{
    pid_t child = fork();

    if (child == 0) {
        setpgid(0, 0);
        number = which;
        own = &oracle->workers[which];
        memset(own->sockets, 0, sizeof(own->sockets));
        own->random = seed;
        chance(2);
        own->incarnation++; /* odd: it runs */
        execute_again();
    }
    setpgid(child, child);
    return child;
}

static void end_worker(int which, pid_t group, int signal)
{
    if (signal != 0) {
        oracle->workers[which].incarnation++;
        kill(-group, signal);
    }
    int status;
    while (waitpid(-group, &status, 0) > 0 || errno == EINTR) {
        if ((WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) ||
            (WIFEXITED(status) && WEXITSTATUS(status) != 0)) {
            fprintf(stderr, "stress: worker %d ended with status %#x\n", which, status);
            count(LIES);
        }
    }
}

static int run(unsigned seconds, uint64_t seed)
{
    pid_t groups[WORKERS];
    struct timespec moment = {0, 0};
    uint64_t random = seed;
    time_t end = time(NULL) + (time_t)seconds;

    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < WORKERS; i++)
        groups[i] = start_worker(i, seed + (uint64_t)i * 7919);
    while (time(NULL) < end) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        int which = (int)(random >> 40) % WORKERS;
        moment.tv_nsec = (long)(random >> 34) % 80000000;
        nanosleep(&moment, NULL);
        end_worker(which, groups[which], SIGKILL);
        count(KILLS);
        groups[which] = start_worker(which, random);
    }
    oracle->is_over = true;
    for (int i = 0; i < WORKERS; i++)
        end_worker(i, groups[i], 0);
    printf("seed %llu", (unsigned long long)seed);
    for (int i = 0; i < COUNTS; i++)
        printf(", %lu %s", oracle->counts[i], COUNT_NAMES[i]);
    printf("\n");
    return oracle->counts[LIES] == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    char fd[16];

    signal(SIGPIPE, SIG_IGN);
    if (argc == 4 && strcmp(argv[1], "worker") == 0) {
        attach(argv[2]);
        number = atoi(argv[3]);
        own = &oracle->workers[number];
        work();
    }
    snprintf(fd, sizeof(fd), "%d", memfd_create("oracle", 0));
    if (argc < 2 || ftruncate(atoi(fd), sizeof(*oracle)) != 0)
        return 64;
    attach(fd);
    return run((unsigned)atoi(argv[1]),
               argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL));
}

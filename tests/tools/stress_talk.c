/* stress: servers, which answer with their token, and clients, which know it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

enum { PATIENCE = 10 /* seconds */ };

/* Returns where a client finds a server. */
static struct sockaddr_storage place_of(const struct sockaddr_storage *asked)
{
    return !stress_is_wildcard(asked)
               ? *asked
               : stress_name(asked->ss_family == AF_INET ? "127.0.0.1" : "::1",
                             stress_port_of(asked));
}

/* ---- servers ---- */

struct request {
    uint32_t worker, incarnation, token;
    struct sockaddr_storage client;
};

static bool lives(const struct request *q)
{
    return q->worker < STRESS_WORKERS &&
           stress_oracle->workers[q->worker].incarnation == q->incarnation;
}

static void answer_connection(const struct stress_socket *s)
{
    struct sockaddr_storage peer = {0}, place = place_of(&s->asked);
    socklen_t len = sizeof(peer);
    struct request q = {0};
    int fd = accept(s->fd, (struct sockaddr *)&peer, &len);
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (fd < 0)
        return;
    if (poll(&p, 1, 2000) == 1 && recv(fd, &q, sizeof(q), MSG_WAITALL) == sizeof(q)) {
        stress_compare_name("getsockname of a connection", getsockname, fd, &place);
        if (lives(&q) && q.client.ss_family == peer.ss_family) {
            stress_compare("accept", &q.client, &peer);
            stress_compare_name("getpeername of a connection", getpeername, fd, &q.client);
        }
        (void)!write(fd, &s->token, sizeof(s->token));
    }
    close(fd);
}

static void answer_datagram(const struct stress_socket *s)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    struct request q = {0};

    if (recvfrom(s->fd, &q, sizeof(q), MSG_DONTWAIT, (struct sockaddr *)&from, &len) != sizeof(q))
        return;
    stress_add(NAMES);
    if (lives(&q) && stress_port_of(&from) != stress_port_of(&q.client))
        stress_lie("recvfrom", &q.client, &from);
    sendto(s->fd, (uint32_t[]){s->token, q.token}, 8, 0, (struct sockaddr *)&from, len);
}

/* Returns the connection of a client that has this name, or -1. Ends those that wait before it. */
static int accept_client(int listener, const struct sockaddr_storage *client)
{
    struct pollfd p = {.fd = listener, .events = POLLIN};

    while (poll(&p, 1, 2000) == 1) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof(peer);
        int fd = accept(listener, (struct sockaddr *)&peer, &len);
        if (fd < 0 || memcmp(&peer, client, stress_size_of(client)) == 0)
            return fd;
        close(fd);
    }
    errno = ETIMEDOUT;
    return -1;
}

void stress_close_listener(struct stress_socket *s)
{
    struct sockaddr_storage place = place_of(&s->asked), client = {0};
    socklen_t len = sizeof(client);

    if (!s->is_used || s->shared >= 0 || s->type != SOCK_STREAM || s->turn % 2 == 0)
        return;
    s->turn++;
    int fd = -1, listener = s->fd, peer = stress_new_socket(place.ss_family, SOCK_STREAM);
    if (connect(peer, (struct sockaddr *)&place, stress_size_of(&place)) == 0 &&
        getsockname(peer, (struct sockaddr *)&client, &len) == 0)
        fd = accept_client(listener, &client);
    if (fd < 0)
        stress_lie("a connection to itself", &place, NULL);
    close(peer);
    close(listener);
    s->is_used = fd >= 0;
    s->asked = place;
    s->fd = fd;
    if (s->is_used) {
        stress_add(KEPT);
        stress_end_at_once(fd);
        stress_compare_name("getsockname after the listener", getsockname, fd, &place);
    }
}

/* Answers once. Returns whether `fd` can be read; waits a moment for that, unless it is -1. */
static bool serve_once(int fd)
{
    struct pollfd polled[STRESS_SOCKETS + 1];

    for (int i = 0; i < STRESS_SOCKETS; i++) {
        const struct stress_socket *s = &stress_own->sockets[i];
        polled[i] = (struct pollfd){.fd = s->turn % 2 == 1 ? s->fd : -1, .events = POLLIN};
    }
    polled[STRESS_SOCKETS] = (struct pollfd){.fd = fd, .events = POLLIN};
    poll(polled, STRESS_SOCKETS + 1, fd < 0 ? 0 : 100);
    for (int i = 0; i < STRESS_SOCKETS; i++) {
        if (polled[i].revents == 0)
            continue;
        if (stress_own->sockets[i].type == SOCK_STREAM)
            answer_connection(&stress_own->sockets[i]);
        else
            answer_datagram(&stress_own->sockets[i]);
    }
    return polled[STRESS_SOCKETS].revents != 0;
}

void stress_serve(void)
{
    serve_once(-1);
}

/* Serves until `fd` can be read. Returns false if that takes too long. */
static bool wait_for(int fd)
{
    time_t end = time(NULL) + PATIENCE;

    while (time(NULL) < end && !stress_oracle->is_over) {
        if (serve_once(fd))
            return true;
    }
    return false;
}

/* ---- clients ---- */

/* A server that is published, and what tells whether it still is. */
struct seen {
    const struct stress_worker *worker;
    const struct stress_socket *socket;
    uint32_t incarnation, turn, token, state;
    int type, shared;
    struct sockaddr_storage asked, place;
};

/* A client of a shared endpoint may be served by any of its sockets: none of them may change. */
static bool is_still(const struct seen *v)
{
    return v->socket->turn == v->turn && v->worker->incarnation == v->incarnation &&
           (v->shared < 0 || stress_shared_state((unsigned)v->shared) == v->state);
}

static bool find_server(struct seen *v)
{
    v->worker = &stress_oracle->workers[stress_chance(STRESS_WORKERS)];
    v->incarnation = v->worker->incarnation;
    v->socket = &v->worker->sockets[stress_chance(STRESS_SOCKETS)];
    v->turn = v->socket->turn;
    v->token = v->socket->token;
    v->type = v->socket->type;
    v->shared = v->socket->shared;
    v->asked = v->socket->asked;
    v->place = place_of(&v->asked);
    atomic_thread_fence(memory_order_seq_cst);
    bool is_published = v->incarnation % 2 == 1 && v->turn % 2 == 1 && v->socket->turn == v->turn &&
                        v->worker->incarnation == v->incarnation;
    v->state = is_published && v->shared >= 0 ? stress_shared_state((unsigned)v->shared) : 0;
    return is_published && (v->shared < 0 || v->state != 0);
}

static void discard_or_lie(const struct seen *v, const char *what)
{
    int error = errno;

    if (!is_still(v) || stress_oracle->is_over)
        stress_add(DISCARDED);
    else if (error == ECONNREFUSED) /* one in a thousand is natively, as root with the real ports */
        stress_add(UNREACHED);
    else {
        errno = error;
        stress_lie(what, &v->place, NULL);
    }
}

static struct request request_of(int fd)
{
    struct request q = {
        (uint32_t)stress_number, stress_own->incarnation, ++stress_oracle->token, {0}};
    socklen_t len = sizeof(q.client);

    getsockname(fd, (struct sockaddr *)&q.client, &len);
    return q;
}

/* Binds a client to a source port that the table moves. */
static void bind_source(int fd, const struct sockaddr_storage *to)
{
    char address[32];

    snprintf(address, sizeof(address), "127.%d.0.9", stress_number + 1);
    struct sockaddr_storage source = stress_name(address, 20);
    if (to->ss_family == AF_INET &&
        bind(fd, (struct sockaddr *)&source, stress_size_of(&source)) == 0)
        stress_compare_name("getsockname of a client", getsockname, fd, &source);
}

static void connect_to(const struct seen *v)
{
    int fd = stress_new_socket(v->place.ss_family, SOCK_STREAM);
    uint32_t token = 0;

    stress_end_at_once(fd);
    if (stress_chance(4) == 0)
        bind_source(fd, &v->place);
    if (connect(fd, (struct sockaddr *)&v->place, stress_size_of(&v->place)) != 0) {
        if (errno != EADDRNOTAVAIL)
            discard_or_lie(v, "connect");
    } else {
        struct request q = request_of(fd);
        stress_compare_name("getpeername", getpeername, fd, &v->place);
        if (send(fd, &q, sizeof(q), MSG_NOSIGNAL) != sizeof(q) || !wait_for(fd) ||
            recv(fd, &token, sizeof(token), 0) <= 0)
            stress_add(DISCARDED); /* a busy server ends connections, also natively */
        else if (token != v->token)
            discard_or_lie(v, "another server answered");
        else
            stress_add(v->shared >= 0 ? SHARED_ANSWERS : CONNECTIONS);
    }
    close(fd);
}

static void send_to(const struct seen *v)
{
    int fd = stress_new_socket(v->place.ss_family, SOCK_DGRAM);
    const struct sockaddr_storage any = {.ss_family = v->place.ss_family};
    const struct sockaddr *to = (const struct sockaddr *)&v->place;
    socklen_t size = stress_size_of(&v->place), len = sizeof(struct sockaddr_storage);
    struct sockaddr_storage from = {0};
    uint32_t token[2] = {0, 0};
    bool connects = stress_chance(2) == 0;

    (void)bind(fd, (const struct sockaddr *)&any, size);
    struct request q = request_of(fd);
    if (connects && connect(fd, to, size) == 0)
        stress_compare_name("getpeername of UDP", getpeername, fd, &v->place);
    if (sendto(fd, &q, sizeof(q), 0, connects ? NULL : to, connects ? 0 : size) != sizeof(q) ||
        !wait_for(fd) ||
        recvfrom(fd, token, sizeof(token), 0, (struct sockaddr *)&from, &len) != sizeof(token))
        discard_or_lie(v, "a datagram's answer");
    else if (token[0] != v->token || token[1] != q.token)
        discard_or_lie(v, "another server answered a datagram");
    else {
        stress_add(v->shared >= 0 ? SHARED_ANSWERS : ANSWERS);
        if (is_still(v))
            stress_compare("recvfrom of an answer", &v->place, &from);
    }
    close(fd);
}

void stress_ask_server(void)
{
    struct seen v;

    if (!find_server(&v))
        return;
    if (v.type == SOCK_STREAM)
        connect_to(&v);
    else
        send_to(&v);
}

/* ---- clients of nobody ---- */

/* Returns whether a server accepts a connection. */
static bool is_accepted(const struct sockaddr_storage *to)
{
    int fd = stress_new_socket(to->ss_family, SOCK_STREAM);
    bool is_connected = connect(fd, (const struct sockaddr *)to, stress_size_of(to)) == 0;

    stress_add(REFUSED);
    close(fd);
    return is_connected;
}

/* Returns whether a worker has a socket of TCP of the endpoint, or for -1 one of its own of the port. */
static bool is_bound(const struct stress_worker *worker, int shared, uint16_t port)
{
    for (int i = 0; i < STRESS_SOCKETS; i++) {
        const struct stress_socket *s = &worker->sockets[i];
        if (s->is_used && s->type == SOCK_STREAM && s->shared == shared &&
            (shared >= 0 || stress_port_of(&s->asked) == port))
            return true;
    }
    return false;
}

/* Nobody but this worker has its addresses: a port that it does not have is refused. */
static void ask_own_address(void)
{
    struct sockaddr_storage to = stress_draw_name(SOCK_STREAM);

    if (!stress_is_wildcard(&to) && stress_port_of(&to) < 1024 &&
        !is_bound(stress_own, -1, stress_port_of(&to)) && is_accepted(&to))
        stress_lie("a connection to nobody", &to, &to);
}

/* The last socket of a shared endpoint is closed, or there was none. */
static void ask_shared(void)
{
    unsigned shared = stress_chance(STRESS_SHARED);
    uint32_t state = stress_shared_state(shared);
    int type;
    struct sockaddr_storage to = stress_shared_name(shared, &type);

    to = place_of(&to);
    for (int i = 0; i < STRESS_WORKERS; i++) {
        if (is_bound(&stress_oracle->workers[i], (int)shared, 0))
            return;
    }
    if (type == SOCK_STREAM && state != 0 && is_accepted(&to) &&
        stress_shared_state(shared) == state)
        stress_lie("a connection to a shared endpoint that is closed", &to, &to);
}

void stress_ask_nobody(void)
{
    if (stress_chance(2) == 0)
        ask_own_address();
    else
        ask_shared();
}

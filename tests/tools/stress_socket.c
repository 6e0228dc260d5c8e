/* stress: what a worker binds and closes. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

/* ---- tables ---- */

static const char *const TABLES[] = {
    "80=8080,81=8081,443=8443,53=8053,20=8020,200=9000-9019,202=auto,300-399=+8000,600-799=+8000",
    "80=8081,81=8080,443=8053,53=8443,20=8021,200=9010-9029,202=auto,300-399=+8000,600-799=+8000",
    "80=8443,81=8053,8081=8080,53=8081,20=8022,200=9000-9019,202=auto,300-399=+8000,600-799=+8000",
};
enum { TABLE_COUNT = sizeof(TABLES) / sizeof(TABLES[0]) };

const char *stress_draw_table(void)
{
    stress_own->table = stress_chance(TABLE_COUNT);
    return TABLES[stress_own->table];
}

/* Returns the actual port for an asked one, or 0 if the table leaves a choice. */
static unsigned actual_of(unsigned asked)
{
    static const unsigned MOVED[TABLE_COUNT][5][2] = {
        {{80, 8080}, {81, 8081}, {443, 8443}, {53, 8053}, {20, 8020}},
        {{80, 8081}, {81, 8080}, {443, 8053}, {53, 8443}, {20, 8021}},
        {{80, 8443}, {81, 8053}, {8081, 8080}, {53, 8081}, {20, 8022}},
    };

    for (int i = 0; i < 5; i++) {
        if (MOVED[stress_own->table][i][0] == asked)
            return MOVED[stress_own->table][i][1];
    }
    if (asked == 200 || asked == 202)
        return 0;
    return asked >= 300 && asked < 800 ? asked + 8000 : asked;
}

/* ---- endpoints of one worker ---- */

struct sockaddr_storage stress_draw_name(int type)
{
    static const unsigned PORTS[] = {80, 81, 53, 200, 202, 380, 8080, 8081, 8443, 8053, 8380, 9005};
    char address[32];
    unsigned kind = stress_chance(10),
             port = PORTS[stress_chance(sizeof(PORTS) / sizeof(PORTS[0]))];
    unsigned own = (unsigned)stress_number * 10 + stress_chance(4);

    if (kind == 0)
        return stress_name("::1", 300 + own);
    if (kind == 1)
        return stress_name(stress_chance(2) == 0 ? "0.0.0.0" : "::",
                           (type == SOCK_STREAM ? 700 : 600) + own);
    if (kind == 2) /* the actual port of a wildcard of the other protocol */
        port = (type == SOCK_STREAM ? 8600 : 8700) + stress_chance(STRESS_WORKERS * 10);
    snprintf(address, sizeof(address), "%s127.%d.0.%u", kind == 3 ? "::ffff:" : "",
             stress_number + 1, 1 + stress_chance(4));
    return stress_name(address, port);
}

/* Returns whether an own socket has the asked or the actual port, or may have it. */
static bool is_taken(const struct sockaddr_storage *asked, int type, unsigned actual)
{
    for (int i = 0; i < STRESS_SOCKETS; i++) {
        const struct stress_socket *s = &stress_own->sockets[i];
        bool has_choice = s->actual == 0 || actual == 0;
        bool is_one_asked = stress_port_of(asked) == stress_port_of(&s->asked);
        bool are_near = (s->actual == 0 || s->actual >= 9000) && (actual == 0 || actual >= 9000);
        if (s->is_used && s->shared < 0 && s->type == type &&
            (is_one_asked || (has_choice ? are_near : (unsigned)s->actual == actual)))
            return true;
    }
    return false;
}

/* ---- endpoints of all workers ---- */

/* All tables send the asked port to the same actual one, or leave the choice. */
struct sockaddr_storage stress_shared_name(unsigned shared, int *type)
{
    static const struct {
        const char *address;
        unsigned port;
    } ENDPOINTS[STRESS_SHARED / 2] = {
        {"127.9.0.1", 380}, {"0.0.0.0", 390}, {"::", 390}, {"::1", 381}, {"127.9.0.1", 202},
    };

    *type = shared % 2 == 0 ? SOCK_STREAM : SOCK_DGRAM;
    return stress_name(ENDPOINTS[shared / 2].address, ENDPOINTS[shared / 2].port);
}

/* Each number only grows: if the sum is the same, each of them is. */
uint32_t stress_shared_state(unsigned shared)
{
    uint32_t sum = 0;

    for (int i = 0; i < STRESS_WORKERS; i++) {
        const struct stress_worker *worker = &stress_oracle->workers[i];
        uint32_t incarnation = worker->incarnation, changes = worker->changes[shared];
        if (incarnation % 2 == 0 || changes % 2 == 1)
            return 0;
        sum += incarnation + changes;
    }
    return sum;
}

/* Is called before and after each change. */
static void note_change(int shared)
{
    if (shared >= 0)
        stress_own->changes[shared]++;
}

/* ---- sockets ---- */

static void set_option(int fd, int level, int option, int value)
{
    setsockopt(fd, level, option, &value, sizeof(value));
}

int stress_new_socket(int family, int type)
{
    int fd = socket(family, type, 0);

    if (fd < 0) {
        perror("stress: socket");
        exit(2);
    }
    if (type == SOCK_STREAM)
        set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return fd;
}

void stress_end_at_once(int fd)
{
    struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/*
 * Binds, and tries again for a moment if the port is in use: a process that reads /proc/PID/fd can
 * hold a socket beyond its close(2), also natively.
 */
static bool is_bound(int fd, const struct sockaddr_storage *asked)
{
    for (int tries = 0; tries < 100; tries++) {
        if (bind(fd, (const struct sockaddr *)asked, stress_size_of(asked)) == 0)
            return true;
        if (errno != EADDRINUSE)
            break;
        usleep(1000);
    }
    return false;
}

/* Binds a socket to s->asked. Publishes it, unless it is of TCP and does not listen. */
static void bind_socket(struct stress_socket *s)
{
    s->fd = stress_new_socket(s->asked.ss_family, s->type);
    if (stress_is_wildcard(&s->asked) && s->asked.ss_family == AF_INET6)
        set_option(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (s->shared >= 0)
        set_option(s->fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!is_bound(s->fd, &s->asked)) {
        stress_lie("bind", &s->asked, NULL);
        close(s->fd);
        return;
    }
    stress_add(s->shared >= 0 ? SHARED_BINDS : BINDS);
    s->is_used = true;
    stress_compare_name("getsockname after bind", getsockname, s->fd, &s->asked);
    if (s->type == SOCK_DGRAM || (stress_chance(4) != 0 && listen(s->fd, 64) == 0))
        s->turn++;
}

void stress_open(struct stress_socket *s)
{
    int type = stress_chance(2) == 0 ? SOCK_STREAM : SOCK_DGRAM;
    bool is_shared = stress_chance(4) == 0;
    unsigned shared = stress_chance(STRESS_SHARED);
    struct sockaddr_storage asked =
        is_shared ? stress_shared_name(shared, &type) : stress_draw_name(type);
    unsigned actual = actual_of(stress_port_of(&asked));

    if (s->is_used || (!is_shared && is_taken(&asked, type, actual)))
        return;
    s->asked = asked;
    s->type = type;
    s->actual = (int)actual;
    s->shared = is_shared ? (int)shared : -1;
    s->token = is_shared ? shared + 1 : ++stress_oracle->token; /* a client may reach any of them */
    note_change(s->shared);
    bind_socket(s);
    note_change(s->shared);
}

void stress_close(struct stress_socket *s)
{
    if (!s->is_used)
        return;
    note_change(s->shared);
    if (s->turn % 2 == 1)
        s->turn++;
    close(s->fd);
    s->is_used = false;
    note_change(s->shared);
}

void stress_compare_names(void)
{
    for (int i = 0; i < STRESS_SOCKETS; i++) {
        const struct stress_socket *s = &stress_own->sockets[i];
        const char *what = s->type == SOCK_DGRAM ? "getsockname of UDP"
                           : s->turn % 2 == 1    ? "getsockname of a listener"
                                                 : "getsockname";
        if (s->is_used)
            stress_compare_name(what, getsockname, s->fd, &s->asked);
    }
}

/*
 * What the parts of stress share: the processes are stress.c's; addresses, and comparing them,
 * stress_name.c's; what a worker binds and closes stress_socket.c's; and servers and clients
 * stress_talk.c's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { STRESS_WORKERS = 8, STRESS_SOCKETS = 24, STRESS_SHARED = 10 };

/* One socket of a worker. Others read it if `turn` is odd, and the same before and after. */
struct stress_socket {
    _Atomic uint32_t turn;
    uint32_t token;
    struct sockaddr_storage asked;
    int fd, type, actual; /* the actual port, or 0 if the library has a choice */
    int shared;           /* which shared endpoint it has, or -1 */
    bool is_used;
};

struct stress_worker {
    _Atomic uint32_t incarnation; /* odd while it runs */
    unsigned table;
    uint64_t random;
    /* For each shared endpoint: odd while this worker opens or closes a socket of it. */
    _Atomic uint32_t changes[STRESS_SHARED];
    struct stress_socket sockets[STRESS_SOCKETS];
};

enum stress_count {
    BINDS,
    SHARED_BINDS,
    NAMES,
    CONNECTIONS,
    ANSWERS,
    SHARED_ANSWERS,
    KEPT,
    REFUSED,
    FORKS,
    HANDOVERS,
    EXECS,
    KILLS,
    DISCARDED,
    UNREACHED,
    LIES,
    STRESS_COUNTS
};

struct stress_oracle {
    _Atomic bool is_over;
    _Atomic unsigned long counts[STRESS_COUNTS];
    _Atomic uint32_t token;
    struct stress_worker workers[STRESS_WORKERS];
};

extern struct stress_oracle *stress_oracle;
extern struct stress_worker *stress_own;
extern int stress_number; /* of this worker */

/* Draws a number below another. */
unsigned stress_chance(unsigned below);

void stress_add(enum stress_count what);

/* ---- addresses ---- */

socklen_t stress_size_of(const struct sockaddr_storage *a);
uint16_t stress_port_of(const struct sockaddr_storage *a);
struct sockaddr_storage stress_name(const char *address, unsigned port);
bool stress_is_wildcard(const struct sockaddr_storage *a);

/* Reports a wrong answer. If `got` is NULL, errno is what was got. */
void stress_lie(const char *what, const struct sockaddr_storage *expected,
                const struct sockaddr_storage *got);

void stress_compare(const char *what, const struct sockaddr_storage *expected,
                    const struct sockaddr_storage *got);

typedef int stress_name_call(int, struct sockaddr *, socklen_t *);

void stress_compare_name(const char *what, stress_name_call *call, int fd,
                         const struct sockaddr_storage *expected);

/* ---- what a worker binds ---- */

/* Draws the table of this worker. Returns its text, for REMAP. */
const char *stress_draw_table(void);

/* Draws an endpoint that only this worker has. `type` is that of the socket. */
struct sockaddr_storage stress_draw_name(int type);

/* Returns an endpoint that all workers bind with SO_REUSEPORT. *type is that of its sockets. */
struct sockaddr_storage stress_shared_name(unsigned shared, int *type);

/*
 * Returns a number that changes with each socket of a shared endpoint, and whenever a worker is
 * killed. Returns 0 while that happens.
 */
uint32_t stress_shared_state(unsigned shared);

int stress_new_socket(int family, int type);

/* Lets close(2) reset a connection, which then leaves no TIME_WAIT. */
void stress_end_at_once(int fd);

void stress_open(struct stress_socket *s);
void stress_close(struct stress_socket *s);

/* Asks for the names of all sockets of this worker. */
void stress_compare_names(void);

/* ---- servers and clients ---- */

/* Answers the clients that wait. */
void stress_serve(void);

/* Closes a listener of this worker, and keeps a connection that it accepted in its place. */
void stress_close_listener(struct stress_socket *s);

/* Asks a server of any worker. */
void stress_ask_server(void);

/* Connects to an endpoint that no socket has. */
void stress_ask_nobody(void);

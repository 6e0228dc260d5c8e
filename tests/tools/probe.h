/*
 * What the parts of probe share: places to run a step in are probe.c's; steps that are about one
 * socket are probe_socket.c's, conversations between sockets probe_talk.c's, and messages,
 * and addresses and buffers that are wrong, probe_message.c's; those that are gone, probe_gone.c's.
 * Those about seccomp are probe_filter.c's.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

union any {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
};

/* A step, of a table that ends with one without a name. The name of one with a value ends with "=". */
struct probe_step {
    const char *name;
    void (*run)(const char *value);
};

extern const struct probe_step probe_socket_steps[], probe_talk_steps[], probe_message_steps[],
    probe_filter_steps[], probe_gone_steps[];

enum { PROBE_MARK = 4242 }; /* an errno that no call gives */

/* The socket that steps are about: one of 26, named by letters. */
extern int probe_sockets[26];
extern int probe_at;
#define probe_fd (probe_sockets[probe_at])

/* Whether the next calls are made by syscall(2). */
extern bool probe_bypasses;

/* Whether each call that takes more than 4096 bytes of stack prints how many. */
extern bool probe_measures;

socklen_t probe_parse(const char *text, union any *a);
void probe_print(const char *label, const union any *a);

/* The same, with "*" for a port that the kernel chose, and "nobody" where `len` is 0. */
void probe_show(const char *label, const union any *a, socklen_t len);

const char *probe_errno(int error);

/* "LABEL ok", or the errno; `error` is PROBE_MARK where the call left it alone. */
void probe_report(const char *label, long result, int error);

/* Between these, errno is PROBE_MARK at first, and malloc ends the program. */
void probe_enter(void);
int probe_leave(void);

/* probe_leave, and the report. */
void probe_finish(const char *label, long result);

typedef long probe_call(void *addr, socklen_t *len);

/* Makes the call with a buffer of `room` bytes: the length told, and the port in it. */
void probe_room(socklen_t room, probe_call *call);

/* Calls on this socket, made as probe_bypasses says. */
long probe_connect(const void *addr, socklen_t len);
long probe_accept(void *addr, socklen_t *len);
long probe_peer(void *addr, socklen_t *len);
long probe_send(int flags, const void *addr, socklen_t len);
long probe_recv(void *addr, socklen_t *len);

/* Lets a call that waits for something end after two seconds. */
void probe_bound_waiting(void);

/* An address that nothing may be read from or written to. */
void *probe_hole(void);

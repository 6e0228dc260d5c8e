/* What the two parts of probe share: steps and sockets in probe.c, conversations in talk.c. */
#ifndef TOOLS_PROBE_H
#define TOOLS_PROBE_H

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

enum { PROBE_MARK = 4242 }; /* an errno that no call gives */

/* The socket that steps are about: one of 26, named by letters. */
extern int probe_sockets[26];
extern int probe_at;
#define probe_fd (probe_sockets[probe_at])

/* Whether the next calls are made by syscall(2). */
extern bool probe_bypasses;

socklen_t probe_parse(const char *text, union any *a);
void probe_print(const char *label, const union any *a);
const char *probe_errno(int error);

/* "LABEL ok", or the errno; `error` is PROBE_MARK where the call left it alone. */
void probe_report(const char *label, long result, int error);

/* Between these, errno is PROBE_MARK at first, and malloc ends the program. */
void probe_enter(void);
int probe_leave(void);

typedef long probe_call(void *addr, socklen_t *len);

/* Makes the call with a buffer of `room` bytes: the length told, and the port in it. */
void probe_room(socklen_t room, probe_call *call);

/* The value of a step "NAME=VALUE", or NULL. */
const char *probe_value(const char *step, const char *name);

/* An address that nothing may be read from or written to. */
void *probe_hole(void);

/* Runs a step of a conversation. False where it is none. */
bool talk_step(const char *step);

#endif

/*
 * Calls on a program's socket that might block: the supervisor may not, since all others
 * would wait for it. Each is interrupted after some milliseconds.
 */
#ifndef NOTIFY_TIMED_CALL_H
#define NOTIFY_TIMED_CALL_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* For the thread that makes the calls below, before the first of them. */
void timed_call_start(void);

/*
 * connect(2). Fails with EINTR where it would take longer; the socket then is on its way
 * there: a further connect, by whoever has it and to whatever address, waits for that
 * (SS_CONNECTING in __inet_stream_connect(), net/ipv4/af_inet.c).
 */
int timed_call_connect(int fd, const struct sockaddr_storage *to, socklen_t len);

/* sendto(2), without SIGPIPE. Fails with EINTR where it would take longer. */
ssize_t timed_call_send(int fd, const void *data, size_t size, int flags,
                        const struct sockaddr_storage *to, socklen_t len);

#endif

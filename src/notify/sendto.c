/*
 * sendto(2) with an address, which is stopped only by --datagrams: a datagram, or the data
 * that TCP Fast Open begins a connection with.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/endpoint.h"
#include "notify/handler.h"
#include "notify/timed_call.h"
#include "translate/connect.h"

/* No datagram is longer; of a stream, the kernel may take less than all as well. */
enum { DATA_MAX = 65536 };

/* Copies the data to a buffer that is the caller's to free. NULL where they cannot be had, which is for the kernel to say. */
static char *read_data(struct notification *s, size_t size)
{
    char *data = malloc(size + 1);

    if (data != NULL && (size == 0 || notification_read(s, s->argument[1], data, size)))
        return data;
    free(data);
    return NULL;
}

/* Sends the data in the program's place, and ends the call. */
static void send_to(struct notification *s, const struct sockaddr_storage *to, socklen_t len)
{
    size_t size = (size_t)s->argument[2];
    int flags = (int)s->argument[3];
    bool is_datagram = (flags & MSG_FASTOPEN) == 0;
    char *data = NULL;

    if (size <= DATA_MAX || !is_datagram)
        data = read_data(s, size = size < DATA_MAX ? size : DATA_MAX);
    if (data == NULL) {
        notification_continue(s);
        return;
    }
    ssize_t result = timed_call_send(s->fd, data, size, flags, to, len);
    int failure = errno;
    free(data);
    if (result >= 0)
        notification_return(s, result);
    else if (failure == EINTR && is_datagram)
        notification_fail(s,
                          ENOBUFS); /* a queue is full, of an interface or the socket (send(2)) */
    else
        notification_fail(s, failure);
}

void handler_sendto(struct notification *s)
{
    struct sockaddr_storage name = {0}, to;
    socklen_t len = (socklen_t)s->argument[5];
    bool is_datagram = ((int)s->argument[3] & MSG_FASTOPEN) == 0;
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!notification_read_name(s, s->argument[4], len, &name) || endpoint_port(addr, len) == 0) {
        notification_continue(s);
        return;
    }
    int fd = notification_socket(s);
    if (fd >= 0 && connect_target(fd, is_datagram, addr, len, &to))
        send_to(s, &to, len);
    else
        notification_continue(s);
}

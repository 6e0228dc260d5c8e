/*
 * sendto(2) with an address, which is stopped only by --datagrams: a datagram, or the data
 * that TCP Fast Open begins a connection with.
 */
#include <stdlib.h>

#include "core/endpoint.h"
#include "notify/handler.h"
#include "notify/worker.h"
#include "translate/reach.h"

/* No datagram is longer; of a stream, the kernel may take less than all as well. */
enum { DATA_MAX = 65536 };

/* Copies the data. False where they cannot be had, which is for the kernel to say. */
static bool read_data(struct stopped *s, struct worker_call *call)
{
    size_t size = (size_t)s->argument[2];
    bool is_datagram = (call->flags & MSG_FASTOPEN) == 0;

    if (size > DATA_MAX && is_datagram)
        return false;
    call->size = size < DATA_MAX ? size : DATA_MAX;
    call->data = malloc(call->size + 1);
    if (call->data != NULL &&
        (size == 0 || stopped_read(s, s->argument[1], call->data, call->size)))
        return true;
    free(call->data);
    return false;
}

void handler_sendto(struct stopped *s)
{
    struct sockaddr_storage name = {0};
    struct worker_call call = {.flags = (int)s->argument[3], .len = (socklen_t)s->argument[5]};
    const struct sockaddr *addr = (const struct sockaddr *)&name;
    bool is_datagram = (call.flags & MSG_FASTOPEN) == 0;

    if (!stopped_read_name(s, s->argument[4], call.len, &name) ||
        endpoint_port(addr, call.len) == 0) {
        stopped_continue(s);
        return;
    }
    int fd = stopped_socket(s);
    if (fd >= 0 && reach_elsewhere(fd, is_datagram, addr, call.len, &call.to) &&
        read_data(s, &call))
        worker_carry_out(s, &call);
    else
        stopped_continue(s);
}

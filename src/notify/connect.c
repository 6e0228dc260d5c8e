/*
 * connect(2): most are none of ours, and the kernel carries them out, however long they
 * take. One that goes elsewhere is made here, on the program's own socket.
 */
#include <errno.h>
#include <unistd.h>

#include "core/endpoint.h"
#include "notify/handler.h"
#include "notify/worker.h"
#include "translate/reach.h"

void handler_connect(struct stopped *s)
{
    struct sockaddr_storage name;
    struct worker_call call = {.stopped = *s, .len = (socklen_t)s->argument[2]};
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!stopped_read_name(s, s->argument[1], call.len, &name) ||
        endpoint_port(addr, call.len) == 0) {
        stopped_continue(s);
        return;
    }
    call.fd = stopped_socket(s);
    if (call.fd >= 0 && reach_elsewhere(call.fd, false, addr, call.len, &call.to)) {
        worker_carry_out(&call);
        return;
    }
    stopped_continue(s);
    if (call.fd >= 0)
        close(call.fd);
}

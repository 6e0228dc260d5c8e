/*
 * connect(2): most are none of ours, and the kernel carries them out, however long they
 * take. One that goes elsewhere is made here, on the program's own socket.
 */
#include "core/endpoint.h"
#include "notify/handler.h"
#include "notify/worker.h"
#include "translate/reach.h"

void handler_connect(struct stopped *s)
{
    struct sockaddr_storage name = {0};
    struct worker_call call = {.len = (socklen_t)s->argument[2]};
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!stopped_read_name(s, s->argument[1], call.len, &name) ||
        endpoint_port(addr, call.len) == 0) {
        stopped_continue(s);
        return;
    }
    int fd = stopped_socket(s);
    if (fd >= 0 && reach_elsewhere(fd, false, addr, call.len, &call.to))
        worker_carry_out(s, &call);
    else
        stopped_continue(s);
}

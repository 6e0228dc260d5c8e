/*
 * connect(2): most are none of ours, and the kernel carries them out. One that goes
 * elsewhere is made here, on the program's own socket. Where that takes time, the kernel
 * goes on with the program's call, which then waits for the connection that is under way:
 * so the program is interrupted by its signals, and times out, as ever.
 */
#include <errno.h>

#include "core/endpoint.h"
#include "notify/attempt.h"
#include "notify/handler.h"
#include "translate/reach.h"

void handler_connect(struct stopped *s)
{
    struct sockaddr_storage name = {0}, to;
    socklen_t len = (socklen_t)s->argument[2];
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!stopped_read_name(s, s->argument[1], len, &name) || endpoint_port(addr, len) == 0) {
        stopped_continue(s);
        return;
    }
    int fd = stopped_socket(s);
    if (fd < 0 || !reach_elsewhere(fd, false, addr, len, &to)) {
        stopped_continue(s);
        return;
    }
    if (attempt_connect(fd, &to, len) == 0)
        stopped_return(s, 0);
    else if (errno == EINTR)
        stopped_continue(s);
    else
        stopped_fail(s, errno);
}

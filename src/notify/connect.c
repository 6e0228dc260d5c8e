/*
 * connect(2): most are none of ours, and the kernel carries them out. One that goes
 * elsewhere is made here, on the program's own socket. Where that takes time, the kernel
 * goes on with the program's call, which then waits for the connection that is under way:
 * so the program is interrupted by its signals, and times out, as ever.
 */
#include <errno.h>

#include "core/endpoint.h"
#include "notify/handler.h"
#include "notify/timed_call.h"
#include "translate/connect.h"

void handler_connect(struct notification *s)
{
    struct sockaddr_storage name = {0}, to;
    socklen_t len = (socklen_t)s->argument[2];
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!notification_read_name(s, s->argument[1], len, &name) || endpoint_port(addr, len) == 0) {
        notification_continue(s);
        return;
    }
    int fd = notification_socket(s);
    if (fd < 0 || !connect_target(fd, false, addr, len, &to)) {
        notification_continue(s);
        return;
    }
    if (timed_call_connect(fd, &to, len) == 0)
        notification_return(s, 0);
    else if (errno == EINTR)
        notification_continue(s);
    else
        notification_fail(s, errno);
}

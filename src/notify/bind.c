/* bind(2): done on the program's own socket, so that what was looked at is what is bound. */
#include <errno.h>

#include "notify/handler.h"
#include "translate/outgoing.h"

void handler_bind(struct stopped *s)
{
    struct sockaddr_storage name = {0};
    socklen_t len = (socklen_t)s->argument[2];
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!stopped_read_name(s, s->argument[1], len, &name) || !outgoing_is_inet(addr, len)) {
        stopped_continue(s);
        return;
    }
    int fd = stopped_socket(s);
    if (fd < 0 || outgoing_stays(fd, addr, len)) {
        stopped_continue(s);
    } else if (outgoing_bind(fd, addr, len) == 0) {
        stopped_return(s, 0);
    } else {
        stopped_fail(s, errno);
    }
}

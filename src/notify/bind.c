/* bind(2): done on the program's own socket, so that what was looked at is what is bound. */
#include <errno.h>

#include "notify/handler.h"
#include "translate/bind.h"

void handler_bind(struct notification *s)
{
    struct sockaddr_storage name = {0};
    socklen_t len = (socklen_t)s->argument[2];
    const struct sockaddr *addr = (const struct sockaddr *)&name;

    if (!notification_read_name(s, s->argument[1], len, &name) || !bind_is_inet(addr, len)) {
        notification_continue(s);
        return;
    }
    int fd = notification_socket(s);
    if (fd < 0 || bind_is_unmapped(fd, addr, len)) {
        notification_continue(s);
    } else if (bind_socket(fd, addr, len) == 0) {
        notification_return(s, 0);
    } else {
        notification_fail(s, errno);
    }
}

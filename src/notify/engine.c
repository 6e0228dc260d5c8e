#include "notify/engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/endpoint.h"
#include "linux/netns.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/rights.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/shared_registry.h"

const enum engine engine_kind = ENGINE_NOTIFY;

static const struct process *handled;
static uint64_t own_netns; /* 0 where that is not known */

/* As the kernel would have it for the program. */
static int bind_with_its_rights(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (rights_to_bind(handled->tid, endpoint_port(addr, len), engine_is_elsewhere()))
        return sys_bind(fd, addr, len);
    errno = EACCES;
    return -1;
}

/* Nobody tells us of the sockets that are made: there may be some without ports. */
void engine_start(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    process_start();
    rights_start();
    next.bind = bind_with_its_rights;
    socket_note(AF_INET, SOCK_RAW, 0);
    own_netns = netns_of_socket(fd);
    if (fd >= 0)
        close(fd);
}

void engine_handle(const struct process *p)
{
    handled = p;
    shared_registry_forget_netns();
}

pid_t engine_pid(void)
{
    return handled->pid;
}

void engine_program(char name[16])
{
    process_name(handled, name);
}

/* The number of a duplicate says nothing: that of the socket itself does. */
int engine_socket(int fd)
{
    return (int)socket_inode(fd);
}

bool engine_is_elsewhere(void)
{
    uint64_t netns = shared_registry_last_netns();
    return netns != 0 && own_netns != 0 && netns != own_netns;
}

/*
 * A pipe that is full, and that nobody reads, would hold up all others. Who handles no
 * calls, the front, has its own.
 */
int engine_stderr(void)
{
    if (handled == NULL)
        return STDERR_FILENO;
    int fd = process_get_fd(handled->tid, STDERR_FILENO);
    struct pollfd room = {.fd = fd, .events = POLLOUT};

    if (fd >= 0 && (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

const char *engine_value(enum config_key key)
{
    return getenv(config_variable[key]);
}

bool engine_lost(enum config_key *key)
{
    (void)key;
    return false;
}

/*
 * The supervisor may be root, and act for a program that has dropped its privileges. It must not
 * bind a port for the program that the kernel would refuse to the program itself.
 */
#include "notify/engine.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/endpoint.h"
#include "linux/netns.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/fd.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/shared_registry.h"

const enum engine engine_kind = ENGINE_NOTIFY;

static const struct process *handled;
static uint64_t own_netns; /* 0 if unknown */

/* ---- which ports a program may bind ---- */

enum { FIRST_UNPRIVILEGED = 1024 }; /* the kernel's default (PROT_SOCK) */

/* Without the capability, the supervisor may do no more than a program. The rest is then unset. */
static bool is_privileged;
static long first_unprivileged;
static ino_t own_user_namespace;

static bool has_capability(pid_t tid)
{
    unsigned long long set;

    return process_status(tid, "CapEff:", 16, &set) && (set >> CAP_NET_BIND_SERVICE & 1) != 0;
}

static long read_first_unprivileged(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
    char line[32];
    bool is_read = file != NULL && fgets(line, sizeof(line), file) != NULL;

    if (file != NULL)
        fclose(file);
    return is_read ? strtol(line, NULL, 10) : FIRST_UNPRIVILEGED;
}

static ino_t user_namespace_of(pid_t tid)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof(path), "/proc/%ld/ns/user", (long)tid);
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

/*
 * Whether the kernel would let the program bind the port (ip(7), capabilities(7)). A capability
 * in a user namespace below ours does not count for our network namespace.
 */
static bool may_bind(uint16_t port)
{
    if (!is_privileged || port == 0 || port >= first_unprivileged)
        return true;
    return has_capability(handled->tid) &&
           (engine_is_elsewhere() || user_namespace_of(handled->tid) == own_user_namespace);
}

static int bind_if_allowed(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (may_bind(endpoint_port(addr, len)))
        return sys_bind(fd, addr, len);
    errno = EACCES;
    return -1;
}

/* ---- the program that a call is handled for ---- */

/* Sockets are made unseen: some may have no ports. */
void engine_start(void)
{
    FD_OWNER int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    process_start();
    is_privileged = has_capability(getpid());
    if (is_privileged) {
        first_unprivileged = read_first_unprivileged();
        own_user_namespace = user_namespace_of(getpid());
    }
    next.bind = bind_if_allowed;
    socket_note(AF_INET, SOCK_RAW, 0);
    own_netns = netns_of_socket(fd);
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

/* A duplicate has another number in each call: the socket's inode stays. */
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
 * The supervisor must not block on a pipe that is full. The foreground process handles no calls,
 * and has a standard error of its own.
 */
int engine_stderr(void)
{
    if (handled == NULL)
        return STDERR_FILENO;
    int fd = process_get_fd(handled->tid, STDERR_FILENO);
    struct pollfd room = {.fd = fd, .events = POLLOUT};

    if (fd >= 0 && (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0))
        fd_close(&fd);
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

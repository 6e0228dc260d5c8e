/*
 * The supervisor may be root, and act for a program that has dropped its privileges. It must not
 * bind a port for the program that the kernel would refuse to the program itself.
 */
#include "notify/engine.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/endpoint.h"
#include "linux/netns.h"
#include "linux/procfs.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/worker.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/shared_registry.h"

const enum engine engine_kind = ENGINE_NOTIFY;

/* Of each thread. */
static _Thread_local const struct process *handled;
static _Thread_local const struct notification *call;
static _Thread_local uint64_t netns; /* of the program; 0 if it has not been asked for */

/* ---- which ports a program may bind ---- */

enum { FIRST_UNPRIVILEGED = 1024 }; /* the kernel's default (PROT_SOCK) */

/* Without the capability, the supervisor may do no more than a program. */
static bool is_privileged;
static uint64_t first_unprivileged, own_user_namespace;

static bool has_capability(pid_t tid)
{
    uint64_t set;

    return procfs_status(tid, "CapEff:", 16, &set) && (set >> CAP_NET_BIND_SERVICE & 1) != 0;
}

/*
 * Whether the kernel would let the program bind the port (ip(7), capabilities(7)). A capability
 * in a user namespace below ours does not count for our network namespace. The process may have
 * executed a program with more capabilities while it was asked about: the call is over then.
 */
static bool may_bind(int fd, uint16_t port)
{
    if (!is_privileged || port == 0 || port >= first_unprivileged)
        return true;
    return has_capability(handled->tid) &&
           (!netns_is_own(shared_registry_netns(fd)) ||
            procfs_inode(handled->tid, "ns/user") == own_user_namespace) &&
           notification_is_valid(call);
}

static int bind_if_allowed(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (may_bind(fd, endpoint_port(addr, len)))
        return sys_bind(fd, addr, len);
    errno = EACCES;
    return -1;
}

/* ---- the program that a call is handled for ---- */

void engine_start(void)
{
    process_start();
    is_privileged = has_capability(0);
    first_unprivileged =
        procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", FIRST_UNPRIVILEGED);
    own_user_namespace = procfs_inode(0, "ns/user");
    next.bind = bind_if_allowed;
}

void engine_handle(const struct process *p, const struct notification *n)
{
    handled = p;
    call = n;
    netns = 0;
}

uint64_t engine_netns(int fd)
{
    if (netns == 0)
        netns = netns_of_socket(fd);
    return netns;
}

void engine_begins_long_work(void)
{
    worker_hand_over();
}

pid_t engine_pid(void)
{
    return handled->pid;
}

uint32_t engine_pid_namespace(void)
{
    return (uint32_t)procfs_inode(0, "ns/pid");
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

/* Sockets are made unseen. */
bool engine_may_be_portless(void)
{
    return true;
}

/* The foreground process handles no calls, and has a standard error of its own. */
int engine_stderr(void)
{
    return handled != NULL ? process_get_fd(handled->tid, STDERR_FILENO) : STDERR_FILENO;
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

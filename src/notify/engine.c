/*
 * The supervisor may be root, and act for a program that has dropped its privileges. It must not
 * bind a port for the program that the kernel would refuse to the program itself.
 */
#include "notify/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/endpoint.h"
#include "linux/netns.h"
#include "linux/procfs.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/fd.h"
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
static uint64_t first_unprivileged; /* in the supervisor's network namespace */

static bool has_capability(pid_t tid)
{
    uint64_t set;

    return procfs_status(tid, "CapEff:", 16, &set) && (set >> CAP_NET_BIND_SERVICE & 1) != 0;
}

static uint64_t inode_of(int fd)
{
    struct statx st;
    return fd >= 0 && sys_statx_fd(fd, STATX_INO, &st) == 0 ? st.stx_ino : 0;
}

/*
 * Whether the program's user namespace owns the socket's network namespace, or is above its owner
 * (ioctl_ns(2), user_namespaces(7)): a capability counts only there.
 */
static bool rules_network_of(int fd)
{
    enum { LEVELS = 33 }; /* the kernel has no more (user_namespaces(7)) */
    uint64_t wanted = procfs_inode(handled->tid, "ns/user");
    FD_OWNER int network = ioctl(fd, SIOCGSKNS);
    int owner = network >= 0 ? ioctl(network, NS_GET_USERNS) : -1;

    for (int i = 0; i < LEVELS && owner >= 0 && inode_of(owner) != wanted; i++) {
        int parent = ioctl(owner, NS_GET_PARENT);
        fd_close(&owner);
        owner = parent;
    }
    bool is_found = owner >= 0 && wanted != 0;
    fd_close(&owner);
    return is_found;
}

/*
 * Whether the program may use the supervisor's capability. The process may have executed a program
 * with more capabilities while it was asked about: the call is over then.
 */
static bool may_use_capability(int fd)
{
    return has_capability(handled->tid) && rules_network_of(fd) && notification_is_valid(call);
}

/* bind(2) without the capability. capabilities(7) are those of a thread. */
static int bind_without_capability(int fd, const struct sockaddr *addr, socklen_t len)
{
    const uint32_t bit = UINT32_C(1) << CAP_NET_BIND_SERVICE;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    if (sys_call(SYS_capget, (long)&header, (long)sets, 0) != 0)
        return -1;
    sets[0].effective &= ~bit;
    if (sys_call(SYS_capset, (long)&header, (long)sets, 0) != 0)
        return -1;
    int result = sys_bind(fd, addr, len), failure = errno;
    sets[0].effective |= bit;
    (void)sys_call(SYS_capset, (long)&header, (long)sets, 0);
    errno = failure;
    return result;
}

/* The kernel decides as for the program itself. */
static int bind_for_program(int fd, const struct sockaddr *addr, socklen_t len)
{
    uint16_t port = endpoint_port(addr, len);
    bool is_open_to_all =
        port == 0 || (port >= first_unprivileged && netns_is_own(shared_registry_netns(fd)));

    return !is_privileged || is_open_to_all || may_use_capability(fd)
               ? sys_bind(fd, addr, len)
               : bind_without_capability(fd, addr, len);
}

/* ---- the program that a call is handled for ---- */

void engine_start(void)
{
    process_start();
    is_privileged = sys_has_capability(CAP_NET_BIND_SERVICE);
    if (is_privileged)
        first_unprivileged =
            procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", FIRST_UNPRIVILEGED);
    next.bind = bind_for_program;
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
        netns = netns_of_socket(fd, handled->tid);
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
    static _Atomic uint32_t own;
    uint32_t known = atomic_load_explicit(&own, memory_order_relaxed);

    if (known == 0)
        atomic_store_explicit(&own, known = (uint32_t)procfs_pid_namespace(), memory_order_relaxed);
    return known;
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

/* Whether the descriptor of the program is closed by exec (proc_pid_fdinfo(5)). */
static bool is_closed_by_exec(int fd)
{
    char path[PROCFS_PATH_MAX], file[32];
    struct procfs_lines lines;
    struct span line;
    uint64_t flags = 0;

    snprintf(file, sizeof(file), "fdinfo/%d", fd);
    procfs_path(path, handled->tid, file);
    if (!procfs_open_lines(&lines, path))
        return false;
    while (procfs_next_line(&lines, &line)) {
        if (strncmp(line.at, "flags:", 6) == 0)
            flags = strtoull(line.at + 6, NULL, 8);
    }
    procfs_close_lines(&lines);
    return (flags & O_CLOEXEC) != 0;
}

/* The program has the socket as a descriptor of another number than `fd` here. */
int engine_replace(int fd, int with)
{
    int number = (int)call->argument[0];
    struct seccomp_notif_addfd add = {
        .id = call->id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD, /* Linux 5.9 */
        .srcfd = (uint32_t)with,
        .newfd = (uint32_t)number,
        .newfd_flags = is_closed_by_exec(number) ? O_CLOEXEC : 0,
    };

    (void)fd;
    return ioctl(call->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? -1 : 0;
}

/* Sockets that were passed to a tree have a keeper. */
int engine_passed(const struct passed_request *request)
{
    (void)request;
    errno = ENOTCONN;
    return -1;
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

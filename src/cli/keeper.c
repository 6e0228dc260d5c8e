/*
 * A program may close all its descriptors, clean its environment, become a daemon and restart itself
 * before it binds. So the sockets are held by another process. It ends when the tree has ended: no
 * process has its address in its environment any more, or holds one of its sockets.
 */
#include "cli/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "cli/output.h"
#include "linux/passed.h"
#include "linux/procfs.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/fd.h"

enum { SOCKETS_MAX = 128, ROOM = 128 + 4 };

#define PROCESS_NAME "remap-sockets"

static struct {
    const char *names;
    int count;
    int listener, command; /* a pidfd, or -1 if the kernel has none (Linux 5.3) */
    pid_t command_pid;
    uint64_t began;
    char id[PASSED_KEEPER + 1]; /* address and secret, the value of the variable */
    uint32_t inode[SOCKETS_MAX];
} keeper = {.listener = -1, .command = -1};

/* ---- what was passed ---- */

static long number_of(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? strtol(value, NULL, 10) : 0;
}

static void read_passed(void)
{
    long count = number_of("LISTEN_FDS");

    if (number_of("LISTEN_PID") == (long)getpid() && count > 0)
        keeper.count = count < SOCKETS_MAX ? (int)count : SOCKETS_MAX;
    keeper.names = getenv("LISTEN_FDNAMES");
}

static bool is_missing(const struct rule *rule)
{
    char buf[RULE_TEXT_MAX];

    if (rule->target != RULE_SYSTEMD || passed_has(rule, keeper.names, keeper.count))
        return false;
    if (keeper.count == 0)
        message_print(
            "rule '%s' has no socket, since none was passed: start this by a socket unit, "
            "or by systemd-socket-activate(1)",
            output_rule(rule, buf));
    else
        message_print("rule '%s' fits none of the %d passed sockets: add it to the socket unit",
                      output_rule(rule, buf), keeper.count);
    return true;
}

/* ---- answers ---- */

static void send_socket(int to, int fd)
{
    char byte = 0;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = ""};
    struct iovec data = {&byte, sizeof(byte)};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    (void)sys_sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static bool knows_secret(const struct passed_request *r)
{
    return memcmp(r->secret, keeper.id + PASSED_ADDRESS, PASSED_SECRET) == 0;
}

/*
 * A client sends its request at once: one that does not is not waited for long. A program that has
 * become another user knows the secret. Strangers may connect, too, to keep others waiting.
 */
static void answer(void)
{
    enum { PATIENCE = 1000, PATIENCE_WITH_OTHERS = 10 };
    struct passed_request request;
    FD_OWNER int client = accept4(keeper.listener, NULL, NULL, SOCK_CLOEXEC);

    if (client < 0)
        return;
    bool is_trusted = passed_is_trusted(client);
    struct pollfd waited = {.fd = client, .events = POLLIN};
    if (poll(&waited, 1, is_trusted ? PATIENCE : PATIENCE_WITH_OTHERS) != 1 ||
        recv(client, &request, sizeof(request), MSG_DONTWAIT) != sizeof(request) ||
        !(is_trusted || knows_secret(&request)))
        return;
    request.name[RULE_NAME_SIZE - 1] = '\0';
    send_socket(client, passed_choose(&request, keeper.names, keeper.count));
}

/* ---- the tree ---- */

enum environment { UNKNOWN, OWN, OTHER };

/* Which keeper's address the process was started with. Servers overwrite their environment. */
static enum environment environment_of(pid_t pid)
{
    const char *name = config_variable[CONFIG_SOCKETS];
    char path[PROCFS_PATH_MAX];
    size_t size = 0, length = strlen(name);
    enum environment found = UNKNOWN;
    char *variable = NULL;

    procfs_path(path, pid, "environ");
    FILE *file = fopen(path, "re");
    while (file != NULL && found == UNKNOWN && getdelim(&variable, &size, '\0', file) > 0) {
        if (strncmp(variable, name, length) == 0 && variable[length] == '=')
            found = strcmp(variable + length + 1, keeper.id) == 0 ? OWN : OTHER;
    }
    free(variable);
    if (file != NULL)
        fclose(file);
    return found;
}

static bool is_kept(uint64_t inode)
{
    bool is_found = false;

    for (int i = 0; i < keeper.count; i++)
        is_found = is_found || (inode != 0 && inode == keeper.inode[i]);
    return is_found;
}

static bool holds_socket(pid_t pid)
{
    char path[PROCFS_PATH_MAX];
    struct procfs_folder folder;
    const char *name;
    bool is_found = false;

    procfs_path(path, pid, "fd");
    if (!procfs_open_folder(&folder, path))
        return false;
    while (!is_found && (name = procfs_next_name(&folder)) != NULL)
        is_found = is_kept(procfs_socket(&folder, name));
    procfs_close_folder(&folder);
    return is_found;
}

/* Other keepers hold sockets of their unit, too: those of an earlier or later start. */
static bool is_of_tree(pid_t pid)
{
    char name[PROCFS_NAME_MAX];
    uint64_t began;

    procfs_name(pid, name);
    if (pid == getpid() || strcmp(name, PROCESS_NAME) == 0)
        return false;
    enum environment environment = environment_of(pid);
    if (environment != UNKNOWN)
        return environment == OWN;
    return procfs_started(pid, &began) && began >= keeper.began && holds_socket(pid);
}

/* Returns a process of the tree, or 0. */
static pid_t find_process(void)
{
    struct procfs_folder folder;
    pid_t pid;

    if (!procfs_open_folder(&folder, "/proc"))
        return 0;
    do
        pid = procfs_next_process(&folder);
    while (pid != 0 && !is_of_tree(pid));
    procfs_close_folder(&folder);
    return pid;
}

/* Answers until the process ends, or for some time if that cannot be waited for. */
static void serve(int process)
{
    enum { LOOK = 1000 };
    struct pollfd waited[] = {{.fd = keeper.listener, .events = POLLIN},
                              {.fd = process, .events = POLLIN}};

    for (;;) {
        int count = poll(waited, 2, process >= 0 ? -1 : LOOK);
        if (count > 0 && (waited[0].revents & POLLIN) != 0)
            answer();
        if (count == 0 || (count > 0 && waited[1].revents != 0))
            return;
    }
}

static void keep(void)
{
    static int kept[ROOM];
    size_t count = 0;
    pid_t pid;

    for (int i = 0; i < keeper.count; i++) {
        keeper.inode[i] = socket_inode(PASSED_FIRST + i);
        kept[count++] = PASSED_FIRST + i;
    }
    kept[count++] = keeper.listener;
    if (keeper.command >= 0)
        kept[count++] = keeper.command;
    fd_close_others(kept, count);
    (void)procfs_started(getpid(), &keeper.began);
    while (keeper.command < 0 && kill(keeper.command_pid, 0) == 0)
        serve(-1);
    if (keeper.command >= 0)
        serve(keeper.command);
    while ((pid = find_process()) != 0) {
        FD_OWNER int process = sys_pidfd_open(pid, 0);
        serve(process);
    }
}

/* ---- start ---- */

static bool make_secret(void)
{
    unsigned char bytes[PASSED_SECRET / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(keeper.id + PASSED_ADDRESS + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* The kernel gives the address: five hexadecimal digits (unix(7)). */
static bool listen_at_any(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(address);

    keeper.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (keeper.listener < 0 ||
        bind(keeper.listener, (struct sockaddr *)&address, sizeof(address.sun_family)) != 0 ||
        listen(keeper.listener, SOMAXCONN) != 0 ||
        getsockname(keeper.listener, (struct sockaddr *)&address, &len) != 0)
        return false;
    memcpy(keeper.id, address.sun_path + 1, PASSED_ADDRESS);
    return true;
}

int keeper_start(const struct table *t, bool is_dry)
{
    bool is_missed = false;

    read_passed();
    if (!table_has_target(t, RULE_SYSTEMD) ||
        (keeper.count == 0 && getenv(config_variable[CONFIG_SOCKETS]) != NULL))
        return STATUS_OK; /* or a keeper of an outer run has them */
    for (size_t i = 0; i < t->count; i++)
        is_missed = is_missing(&t->rule[i]) || is_missed;
    if (is_missed)
        return STATUS_UNAVAILABLE;
    if (is_dry)
        return STATUS_OK;
    keeper.command_pid = getpid();
    keeper.command = sys_pidfd_open(keeper.command_pid, 0);
    if (!listen_at_any() || !make_secret() || !background_start(PROCESS_NAME, keep)) {
        message_print("cannot keep the passed sockets: %s: try again", strerror(errno));
        return STATUS_UNAVAILABLE;
    }
    fd_close(&keeper.listener);
    fd_close(&keeper.command);
    environment_set(CONFIG_SOCKETS, keeper.id);
    return STATUS_OK;
}

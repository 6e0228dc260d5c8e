#include "cli/kernel.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* States of TCP as sock_diag has them (net/tcp_states.h). */
enum {
    STATE_ESTABLISHED = 1,
    STATE_CLOSE = 7,
    STATE_LISTEN = 10,
    STATE_BOUND_INACTIVE = 13, /* Linux 6.8 */
};

/* ---- sockets ---- */

struct listing {
    struct kernel_sockets *sockets;
    enum proto proto;
};

static int take_attribute(const struct nlattr *attribute, void *data)
{
    struct kernel_socket *s = data;

    if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY)
        s->v6only = mnl_attr_get_u8(attribute) != 0;
    return MNL_CB_OK;
}

static int take_socket(const struct nlmsghdr *header, void *data)
{
    struct listing *l = data;
    const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
    struct kernel_socket *list = realloc(l->sockets->list, (l->sockets->count + 1) * sizeof(*list));

    if (list == NULL)
        return MNL_CB_ERROR;
    l->sockets->list = list;
    struct kernel_socket *s = &list[l->sockets->count++];
    *s = (struct kernel_socket){
        .local = {l->proto, {.family = message->idiag_family}, ntohs(message->id.idiag_sport)},
        .inode = message->idiag_inode,
        .uid = message->idiag_uid,
        .listens = message->idiag_state == (l->proto == PROTO_UDP ? STATE_CLOSE : STATE_LISTEN),
    };
    memcpy(s->local.addr.bytes, message->id.idiag_src, message->idiag_family == AF_INET ? 4 : 16);
    return mnl_attr_parse(header, sizeof(*message), take_attribute, s);
}

static bool dump(struct mnl_socket *netlink, uint8_t family, struct listing *l)
{
    _Alignas(
        struct nlmsghdr) char buf[32768]; /* the most that the kernel sends of a dump at once */
    struct nlmsghdr *header = mnl_nlmsg_put_header(buf);
    ssize_t size;
    int more = MNL_CB_OK;

    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
    request->sdiag_family = family;
    request->sdiag_protocol = l->proto == PROTO_UDP ? IPPROTO_UDP : IPPROTO_TCP;
    request->idiag_states = l->proto == PROTO_UDP ? 1U << STATE_CLOSE | 1U << STATE_ESTABLISHED
                                                  : 1U << STATE_LISTEN | 1U << STATE_BOUND_INACTIVE;
    if (mnl_socket_sendto(netlink, header, header->nlmsg_len) < 0)
        return false;
    while (more > MNL_CB_STOP) {
        size = mnl_socket_recvfrom(netlink, buf, sizeof(buf));
        if (size < 0)
            return false;
        more = mnl_cb_run(buf, (size_t)size, 0, mnl_socket_get_portid(netlink), take_socket, l);
    }
    return more == MNL_CB_STOP;
}

bool kernel_list(struct kernel_sockets *sockets)
{
    struct mnl_socket *netlink = mnl_socket_open(NETLINK_SOCK_DIAG);
    bool is_told = netlink != NULL && mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) == 0;

    *sockets = (struct kernel_sockets){NULL, 0};
    for (enum proto proto = PROTO_TCP; proto <= PROTO_UDP; proto++) {
        struct listing l = {sockets, proto};
        is_told = is_told && dump(netlink, AF_INET, &l) && dump(netlink, AF_INET6, &l);
    }
    int failure = errno;
    if (netlink != NULL)
        mnl_socket_close(netlink);
    if (!is_told)
        kernel_free(sockets);
    errno = failure;
    return is_told;
}

void kernel_free(struct kernel_sockets *sockets)
{
    free(sockets->list);
    *sockets = (struct kernel_sockets){NULL, 0};
}

/* ---- processes ---- */

static void read_program(int process, char program[16])
{
    int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, program, 15) : -1;

    program[size > 0 ? size : 0] = '\0';
    program[strcspn(program, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

/* Notes a process as one that has the socket, unless a better one is known. */
static void note(struct kernel_process *processes, size_t count, uint32_t inode, pid_t pid,
                 int process, const pid_t *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (processes[i].inode != inode || (processes[i].pid != 0 && pid != wanted[i]))
            continue;
        processes[i].pid = pid;
        read_program(process, processes[i].program);
    }
}

static void look_into(struct kernel_process *processes, size_t count, const char *name, int proc,
                      const pid_t *wanted)
{
    int process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fds = process >= 0 ? openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *folder = fds >= 0 ? fdopendir(fds) : NULL;
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char link[64];
        unsigned inode;
        ssize_t size = readlinkat(fds, entry->d_name, link, sizeof(link) - 1);
        link[size > 0 ? size : 0] = '\0';
        if (sscanf(link, "socket:[%u]", &inode) == 1)
            note(processes, count, inode, (pid_t)atoi(name), process, wanted);
    }
    if (folder != NULL)
        closedir(folder);
    else if (fds >= 0)
        close(fds);
    if (process >= 0)
        close(process);
}

void kernel_find_processes(struct kernel_process *processes, size_t count)
{
    pid_t *wanted = calloc(count + 1, sizeof(*wanted));
    DIR *proc = opendir("/proc");
    struct dirent *entry;

    for (size_t i = 0; i < count && wanted != NULL; i++) {
        wanted[i] = processes[i].pid;
        processes[i].pid = 0;
    }
    while (proc != NULL && wanted != NULL && (entry = readdir(proc)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]))
            look_into(processes, count, entry->d_name, dirfd(proc), wanted);
    }
    if (proc != NULL)
        closedir(proc);
    free(wanted);
}

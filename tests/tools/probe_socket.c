/* Steps of probe that are about one socket, and about this process. See tests/e2e/STEPS.md. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/sys.h"
#include "probe.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int kept = -1;
static socklen_t bind_length;

/* ---- new sockets ---- */

static void open_socket(const char *name, int domain, int type, int protocol)
{
    probe_fd = socket(domain, type, protocol);
    if (probe_fd < 0 && domain >= 0)
        printf("%s %s\n", name, probe_errno(errno));
}

#define SOCKET(name, domain, type, protocol)                                                       \
    static void do_##name(const char *value)                                                       \
    {                                                                                              \
        (void)value;                                                                               \
        open_socket(#name, domain, type, protocol);                                                \
    }

SOCKET(tcp4, AF_INET, SOCK_STREAM, 0)
SOCKET(tcp6, AF_INET6, SOCK_STREAM, 0)
SOCKET(udp4, AF_INET, SOCK_DGRAM, 0)
SOCKET(udp6, AF_INET6, SOCK_DGRAM, 0)
SOCKET(udplite4, AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)
SOCKET(mptcp4, AF_INET, SOCK_STREAM, IPPROTO_MPTCP)
SOCKET(sctp4, AF_INET, SOCK_STREAM, IPPROTO_SCTP)
SOCKET(raw4, AF_INET, SOCK_RAW, IPPROTO_TCP)
SOCKET(ping4, AF_INET, SOCK_DGRAM, IPPROTO_ICMP)
SOCKET(unix, AF_UNIX, SOCK_STREAM, 0)
SOCKET(none, -1, 0, 0)

/* ---- bind ---- */

static int call_bind(const void *addr, socklen_t len, int *error)
{
    probe_enter();
    int result =
        probe_bypasses ? (int)syscall(SYS_bind, probe_fd, addr, len) : bind(probe_fd, addr, len);
    *error = probe_leave();
    return result;
}

static void bind_as(const char *text, sa_family_t family)
{
    union any a, before;
    socklen_t len = probe_parse(text, &a);
    int error;

    if (family == AF_UNSPEC)
        a.sa.sa_family = AF_UNSPEC;
    before = a;
    int result = call_bind(&a, bind_length != 0 ? bind_length : len, &error);
    bind_length = 0;
    probe_report("bind", result, error);
    if (memcmp(&a, &before, sizeof(a)) != 0)
        puts("the caller's address was written to");
}

static void do_bind(const char *text)
{
    bind_as(text, AF_INET);
}

static void do_unspec(const char *text)
{
    bind_as(text, AF_UNSPEC);
}

static void do_bindlen(const char *text)
{
    bind_length = (socklen_t)atoi(text);
}

static void do_raw_bind(const char *text)
{
    union any a;
    socklen_t len = probe_parse(text, &a);
    int result = sys_bind(probe_fd, &a.sa, len);
    probe_report("rawbind", result, result == 0 ? PROBE_MARK : errno);
}

static void do_bad_bind(const char *what)
{
    const void *addr = strcmp(what, "null") == 0   ? NULL
                       : strcmp(what, "low") == 0  ? (void *)8
                       : strcmp(what, "hole") == 0 ? probe_hole()
                                                   : (void *)(INTPTR_MIN + 64);
    int error, result = call_bind(addr, sizeof(struct sockaddr_in), &error);
    probe_report("bind", result, error);
}

/* ---- names ---- */

static int call_name(int of, void *addr, socklen_t *len, int *error)
{
    probe_enter();
    int result =
        probe_bypasses ? (int)syscall(SYS_getsockname, of, addr, len) : getsockname(of, addr, len);
    *error = probe_leave();
    return result;
}

static void do_name(const char *value)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);
    int error, result = call_name(probe_fd, &a, &len, &error);

    (void)value;
    if (result != 0 || error != PROBE_MARK)
        probe_report("name", result, error);
    else
        probe_print("name", &a);
}

static bool ask_kernel(union any *a)
{
    socklen_t len = sizeof(*a);
    memset(a, 0, sizeof(*a));
    return sys_getsockname(probe_fd, &a->sa, &len) == 0;
}

static void do_kernel(const char *value)
{
    union any a;

    (void)value;
    if (ask_kernel(&a))
        probe_print("kernel", &a);
    else
        printf("kernel %s\n", probe_errno(errno));
}

static long name_of_this(void *addr, socklen_t *len)
{
    return probe_bypasses ? syscall(SYS_getsockname, probe_fd, addr, len)
                          : getsockname(probe_fd, addr, len);
}

static void do_room(const char *text)
{
    probe_room((socklen_t)atoi(text), name_of_this);
}

static void do_bad_name(const char *what)
{
    union any a;
    socklen_t len = strcmp(what, "negative") == 0 ? (socklen_t)-1 : sizeof(a);
    void *addr = strcmp(what, "address") == 0 ? NULL
                 : strcmp(what, "hole") == 0  ? probe_hole()
                                              : &a;
    socklen_t *size = strcmp(what, "length") == 0       ? NULL
                      : strcmp(what, "lengthhole") == 0 ? probe_hole()
                                                        : &len;
    int error, result = call_name(probe_fd, addr, size, &error);
    probe_report("name", result, error);
}

static void do_same(const char *value)
{
    union any told = {.storage = {.ss_family = AF_UNSPEC}}, actual;
    socklen_t len = sizeof(told);
    int error;

    (void)value;
    memset(&told, 0, sizeof(told));
    ask_kernel(&actual);
    call_name(probe_fd, &told, &len, &error);
    puts(memcmp(&told, &actual, sizeof(told)) == 0 ? "same" : "different");
}

static void accept_one(bool from_v4)
{
    union any a;
    socklen_t len = sizeof(a);
    int error;

    ask_kernel(&a);
    if (from_v4) {
        in_port_t port = a.in6.sin6_port;
        memset(&a, 0, sizeof(a));
        a.in.sin_family = AF_INET;
        a.in.sin_port = port;
        a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    int client = socket(a.sa.sa_family, SOCK_STREAM, 0);
    if (listen(probe_fd, 1) != 0 || connect(client, &a.sa, sizeof(a.storage)) != 0) {
        printf("accept %s\n", probe_errno(errno));
        return;
    }
    int accepted = accept(probe_fd, NULL, NULL);
    call_name(accepted, &a, &len, &error);
    probe_print("accepted", &a);
    close(accepted);
    close(client);
}

static void do_accept(const char *value)
{
    (void)value;
    accept_one(false);
}

static void do_accept4(const char *value)
{
    (void)value;
    accept_one(true);
}

/* ---- options ---- */

static void set_option(int level, int option, int value)
{
    if (setsockopt(probe_fd, level, option, &value, sizeof(value)) != 0)
        printf("setsockopt %s\n", probe_errno(errno));
}

static void do_v6only(const char *value)
{
    (void)value;
    set_option(IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

static void do_v4form(const char *value)
{
    (void)value;
    set_option(IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET);
}

static void do_reuseaddr(const char *value)
{
    (void)value;
    set_option(SOL_SOCKET, SO_REUSEADDR, 1);
}

static void do_reuseport(const char *value)
{
    (void)value;
    set_option(SOL_SOCKET, SO_REUSEPORT, 1);
}

/* ---- descriptors ---- */

static void do_fd(const char *value)
{
    probe_fd = atoi(value);
}

static void do_keep(const char *value)
{
    (void)value;
    kept = probe_fd;
}

static void do_back(const char *value)
{
    (void)value;
    probe_fd = kept;
}

static void do_dup(const char *value)
{
    int old = probe_fd;

    (void)value;
    probe_fd = dup(old);
    close(old);
}

static void do_close(const char *value)
{
    (void)value;
    close(probe_fd);
}

static void do_listen(const char *value)
{
    (void)value;
    listen(probe_fd, 1);
}

static void do_rawlisten(const char *value)
{
    (void)value;
    sys_listen(probe_fd, 1);
}

static void do_closerange(const char *value)
{
    (void)value;
    syscall(__NR_close_range, 20, ~0U, 0);
}

/* ---- this process ---- */

static void do_bypass(const char *value)
{
    (void)value;
    probe_bypasses = true;
}

static void do_measure(const char *value)
{
    (void)value;
    probe_measures = true;
}

static void do_setuid(const char *value)
{
    if (setuid((uid_t)atoi(value)) != 0)
        printf("setuid %s\n", probe_errno(errno));
}

/* Becomes a member of a group on the loopback interface, and sends there. */
static void do_join(const char *value)
{
    union any group;
    int index = (int)if_nametoindex("lo");

    probe_parse(value, &group);
    struct ip_mreqn in = {.imr_multiaddr = group.in.sin_addr, .imr_ifindex = index};
    struct ipv6_mreq in6 = {.ipv6mr_multiaddr = group.in6.sin6_addr,
                            .ipv6mr_interface = (unsigned)index};
    if (group.sa.sa_family == AF_INET6
            ? setsockopt(probe_fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &in6, sizeof(in6)) != 0
            : setsockopt(probe_fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &in, sizeof(in)) != 0)
        printf("join %s\n", probe_errno(errno));
}

/* Sends to groups and broadcast addresses by that interface. */
static void do_broadcast(const char *value)
{
    int index = (int)if_nametoindex(value), one = 1;
    struct ip_mreqn in = {.imr_ifindex = index};

    setsockopt(probe_fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
    setsockopt(probe_fd, IPPROTO_IP, IP_MULTICAST_IF, &in, sizeof(in));
    setsockopt(probe_fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index));
    if (setsockopt(probe_fd, SOL_SOCKET, SO_BINDTODEVICE, value, (socklen_t)strlen(value) + 1) != 0)
        printf("broadcast %s\n", probe_errno(errno));
}

static void do_clearenv(const char *value)
{
    (void)value;
    clearenv();
}

extern char **environ;

static void do_scribble(const char *value)
{
    (void)value;
    for (char **variable = environ; *variable != NULL; variable++)
        memset(*variable, 'x', strlen(*variable));
}

static void do_chdir(const char *value)
{
    if (chdir(value) != 0)
        printf("chdir %s\n", probe_errno(errno));
}

const struct probe_step probe_socket_steps[] = {
    {"tcp4", do_tcp4},
    {"tcp6", do_tcp6},
    {"udp4", do_udp4},
    {"udp6", do_udp6},
    {"udplite4", do_udplite4},
    {"mptcp4", do_mptcp4},
    {"sctp4", do_sctp4},
    {"raw4", do_raw4},
    {"ping4", do_ping4},
    {"unix", do_unix},
    {"none", do_none},
    {"bind=", do_bind},
    {"unspec=", do_unspec},
    {"bindlen=", do_bindlen},
    {"rawbind=", do_raw_bind},
    {"badbind=", do_bad_bind},
    {"name", do_name},
    {"kernel", do_kernel},
    {"same", do_same},
    {"room=", do_room},
    {"badname=", do_bad_name},
    {"accept", do_accept},
    {"accept4", do_accept4},
    {"v6only", do_v6only},
    {"v4form", do_v4form},
    {"reuseaddr", do_reuseaddr},
    {"reuseport", do_reuseport},
    {"fd=", do_fd},
    {"keep", do_keep},
    {"back", do_back},
    {"dup", do_dup},
    {"close", do_close},
    {"listen", do_listen},
    {"rawlisten", do_rawlisten},
    {"closerange", do_closerange},
    {"bypass", do_bypass},
    {"measure", do_measure},
    {"setuid=", do_setuid},
    {"join=", do_join},
    {"broadcast=", do_broadcast},
    {"clearenv", do_clearenv},
    {"scribble", do_scribble},
    {"chdir=", do_chdir},
    {NULL, NULL},
};

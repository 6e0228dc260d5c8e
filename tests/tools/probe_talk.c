/* Steps of probe that make sockets talk to each other. See tests/e2e/STEPS.md. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

extern ssize_t __recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                              struct sockaddr *addr, socklen_t *len);
extern int bindresvport(int fd, struct sockaddr_in *name);

/* ---- the calls ---- */

long probe_connect(const void *addr, socklen_t len)
{
    return probe_bypasses ? syscall(SYS_connect, probe_fd, addr, len)
                          : connect(probe_fd, addr, len);
}

long probe_accept(void *addr, socklen_t *len)
{
    probe_bound_waiting();
#ifdef SYS_accept
    if (probe_bypasses)
        return (int)syscall(SYS_accept, probe_fd, addr, len);
#endif
    return probe_bypasses ? (int)syscall(SYS_accept4, probe_fd, addr, len, 0)
                          : accept(probe_fd, addr, len);
}

static long call_accept4(void *addr, socklen_t *len)
{
    probe_bound_waiting();
    return probe_bypasses ? syscall(SYS_accept4, probe_fd, addr, len, SOCK_CLOEXEC)
                          : accept4(probe_fd, addr, len, SOCK_CLOEXEC);
}

long probe_peer(void *addr, socklen_t *len)
{
    return probe_bypasses ? syscall(SYS_getpeername, probe_fd, addr, len)
                          : getpeername(probe_fd, addr, len);
}

long probe_send(int flags, const void *addr, socklen_t len)
{
    return probe_bypasses ? syscall(SYS_sendto, probe_fd, "hello", 5, flags, addr, len)
                          : sendto(probe_fd, "hello", 5, flags, addr, len);
}

static char data[64];

long probe_recv(void *addr, socklen_t *len)
{
    probe_bound_waiting();
    return probe_bypasses ? syscall(SYS_recvfrom, probe_fd, data, sizeof(data), 0, addr, len)
                          : recvfrom(probe_fd, data, sizeof(data), 0, addr, len);
}

/* musl has none of these. */
#ifndef __GLIBC__
#define __recvfrom_chk(fd, data, size, room, ...) recvfrom(fd, data, size, __VA_ARGS__)
#define bindresvport(...) (errno = ENOSYS, -1)
#define rresvport(port) (*(port) = 0, errno = ENOSYS, -1)
#define rresvport_af(port, family) (*(port) = (family)*0, errno = ENOSYS, -1)
#endif

static long call_recv_chk(void *addr, socklen_t *len)
{
    probe_bound_waiting();
    return __recvfrom_chk(probe_fd, data, sizeof(data), sizeof(data), 0, addr, len);
}

/* ---- steps ---- */

static void do_connect(const char *text)
{
    union any a, before;
    socklen_t len = probe_parse(text, &a);

    before = a;
    probe_enter();
    probe_finish("connect", probe_connect(&a, len));
    if (memcmp(&a, &before, sizeof(a)) != 0)
        puts("the caller's address was written to");
}

static void do_disconnect(const char *text)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    (void)text;
    probe_enter();
    probe_finish("disconnect", probe_connect(&none, sizeof(none)));
}

static void do_send(const char *text)
{
    union any a, before;
    socklen_t len = probe_parse(text, &a);

    before = a;
    probe_enter();
    probe_finish("send", probe_send(0, &a, len));
    if (memcmp(&a, &before, sizeof(a)) != 0)
        puts("the caller's address was written to");
}

static void do_fastopen(const char *text)
{
    union any a;
    socklen_t len = probe_parse(text, &a);

    probe_enter();
    probe_finish("fastopen", probe_send(MSG_FASTOPEN, &a, len));
}

static void do_say(const char *text)
{
    (void)text;
    probe_enter();
    probe_finish("say", probe_send(0, NULL, 0));
}

/* Shows the address that a call has filled in. */
static void do_told(const char *label, probe_call *call)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);

    probe_enter();
    long result = call(&a, &len);
    int error = probe_leave();
    if (result < 0 || error != PROBE_MARK)
        probe_report(label, result, error);
    else
        probe_show(label, &a, len);
}

static void do_peer(const char *text)
{
    (void)text;
    do_told("peer", probe_peer);
}

static void do_recv(const char *text)
{
    (void)text;
    do_told("from", probe_recv);
}

static void do_recv_chk(const char *text)
{
    (void)text;
    do_told("from", call_recv_chk);
}

static void take(const char *name, probe_call *call)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);

    probe_enter();
    long result = call(&a, &len);
    int error = probe_leave();
    if (result < 0 || error != PROBE_MARK) {
        probe_report("taken", result, error);
        return;
    }
    probe_show("taken", &a, len);
    probe_at = name[0] - 'a';
    probe_fd = (int)result;
}

static void do_take(const char *name)
{
    take(name, probe_accept);
}

static void do_take4(const char *name)
{
    take(name, call_accept4);
}

/* The length must be at most that of the name. */
static void do_peer_option(const char *text)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t len = (socklen_t)atoi(text);

    probe_enter();
    long result = probe_bypasses
                      ? syscall(SYS_getsockopt, probe_fd, SOL_SOCKET, SO_PEERNAME, &a, &len)
                      : getsockopt(probe_fd, SOL_SOCKET, SO_PEERNAME, &a, &len);
    int error = probe_leave();
    if (result < 0 || error != PROBE_MARK)
        probe_report("option", result, error);
    else if (a.in.sin_port != 0)
        printf("option of %u bytes, port %u\n", len, ntohs(a.in.sin_port));
    else
        printf("option of %u bytes\n", len);
}

/* ---- reserved ports ---- */

static void report_reserved(const char *label, int fd, int error)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);

    if (fd < 0) {
        printf("%s %s\n", label, probe_errno(error));
        return;
    }
    getsockname(fd, &a.sa, &len);
    unsigned port = ntohs(a.in.sin_port);
    printf("%s %s port, family %s\n", label, port >= 512 && port < 1024 ? "a reserved" : "another",
           a.sa.sa_family == AF_INET6 ? "6" : "4");
    probe_fd = fd;
}

static void do_bindresvport(const char *text)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    int result = bindresvport(probe_fd, *text == 'n' ? NULL : &name);

    report_reserved("bindresvport", result == 0 ? probe_fd : -1, errno);
    if (*text != 'n' && result == 0 && (ntohs(name.sin_port) < 512 || ntohs(name.sin_port) > 1023))
        puts("it is not told");
}

static void do_rresvport(const char *text)
{
    int port = 1023, fd = rresvport(&port);

    (void)text;
    report_reserved("rresvport", fd, errno);
    printf("port %d\n", port);
}

static void do_rresvport_again(const char *text)
{
    int port = 1023, fd = rresvport_af(&port, (sa_family_t)(*text == '6' ? AF_INET6 : AF_UNIX));

    report_reserved("rresvport_af", fd, errno);
    if (fd >= 0)
        printf("port %d\n", port);
}

/* ---- through another socket ---- */

static void do_scm(const char *text)
{
    int pair[2];
    char byte = 'x';
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {
                     .cmsg_len = CMSG_LEN(sizeof(int)),
                     .cmsg_level = SOL_SOCKET,
                     .cmsg_type = SCM_RIGHTS,
                 }};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    (void)text;
    memcpy(CMSG_DATA(&control.header), &probe_fd, sizeof(int));
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || sendmsg(pair[0], &message, 0) != 1)
        abort();
    close(probe_fd);
    if (recvmsg(pair[1], &message, 0) != 1)
        abort();
    memcpy(&probe_fd, CMSG_DATA(&control.header), sizeof(int));
    close(pair[0]);
    close(pair[1]);
}

const struct probe_step probe_talk_steps[] = {
    {"connect=", do_connect},
    {"disconnect", do_disconnect},
    {"take=", do_take},
    {"take4=", do_take4},
    {"peer", do_peer},
    {"peeroption=", do_peer_option},
    {"send=", do_send},
    {"fastopen=", do_fastopen},
    {"say", do_say},
    {"recv", do_recv},
    {"recvchk", do_recv_chk},
    {"bindresvport", do_bindresvport},
    {"bindresvport=", do_bindresvport},
    {"rresvport", do_rresvport},
    {"rresvport=", do_rresvport_again},
    {"scm", do_scm},
    {NULL, NULL},
};

/*
 * Steps of probe that make sockets talk to each other:
 *
 *   connect=ENDPOINT disconnect
 *                    connect; connect to AF_UNSPEC
 *   take=X take4=X   accept or accept4; who from; the new socket is called X, and is the
 *                    one that steps are about
 *   peer             what getpeername says
 *   send=ENDPOINT sendmsg=ENDPOINT sendmmsg=ENDPOINT,ENDPOINT... fastopen=ENDPOINT
 *                    sendto, sendmsg, sendmmsg of a message to each, sendto with MSG_FASTOPEN
 *   say              send without an address
 *   recv recvmsg recvmmsg recvchk
 *                    recvfrom, recvmsg, recvmmsg of up to four, __recvfrom_chk; who from
 *   recverr errqueue have errors queued (IP_RECVERR); recvmsg of one: who it was for
 *   roomof=CALL,N    peer, take or recv into a buffer of N bytes: the length told, and the port in it
 *   bad=CALL,WHAT    connect, send, sendmsg, peer, take, recv or recvmsg with an address, or
 *                    a length or a message where it says so, that is null, hole, low, high,
 *                    readonly, unmapped (of late), nulllength or holelength, or with a length that is negative or zero
 *   bindresvport bindresvport=null rresvport rresvport=6 rresvport=unix
 *                    whether the port is a reserved one
 *   scm              go on with the socket as it comes out of a SCM_RIGHTS message
 *
 * A port that the kernel chose is shown as *.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.h"

extern ssize_t __recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                              struct sockaddr *addr, socklen_t *len);
extern int bindresvport(int fd, struct sockaddr_in *name);

enum { FIRST_CHOSEN = 32768, MESSAGES = 4 };

static void show(const char *label, const union any *a, socklen_t len)
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_v6 = a->sa.sa_family == AF_INET6;
    unsigned port = ntohs(a->in.sin_port); /* in one place in both */

    if (len == 0 || (!is_v6 && a->sa.sa_family != AF_INET)) {
        printf("%s nobody\n", label);
        return;
    }
    inet_ntop(a->sa.sa_family, is_v6 ? (const void *)&a->in6.sin6_addr : &a->in.sin_addr, host,
              sizeof(host));
    if (port >= FIRST_CHOSEN)
        printf(is_v6 ? "%s [%s]:*\n" : "%s %s:*\n", label, host);
    else
        printf(is_v6 ? "%s [%s]:%u\n" : "%s %s:%u\n", label, host, port);
}

/* Tests end, whatever does not arrive. */
static void bound_waiting(void)
{
    struct timeval limit = {.tv_sec = 2};
    setsockopt(probe_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* ---- the calls ---- */

static long call_connect(const void *addr, socklen_t len)
{
    return probe_bypasses ? syscall(SYS_connect, probe_fd, addr, len)
                          : connect(probe_fd, addr, len);
}

static long call_accept(void *addr, socklen_t *len)
{
    bound_waiting();
    return probe_bypasses ? syscall(SYS_accept, probe_fd, addr, len) : accept(probe_fd, addr, len);
}

static long call_accept4(void *addr, socklen_t *len)
{
    bound_waiting();
    return probe_bypasses ? syscall(SYS_accept4, probe_fd, addr, len, SOCK_CLOEXEC)
                          : accept4(probe_fd, addr, len, SOCK_CLOEXEC);
}

static long call_peer(void *addr, socklen_t *len)
{
    return probe_bypasses ? syscall(SYS_getpeername, probe_fd, addr, len)
                          : getpeername(probe_fd, addr, len);
}

static long call_send(int flags, const void *addr, socklen_t len)
{
    return probe_bypasses ? syscall(SYS_sendto, probe_fd, "hello", 5, flags, addr, len)
                          : sendto(probe_fd, "hello", 5, flags, addr, len);
}

static char data[64];

static long call_recv(void *addr, socklen_t *len)
{
    bound_waiting();
    return probe_bypasses ? syscall(SYS_recvfrom, probe_fd, data, sizeof(data), 0, addr, len)
                          : recvfrom(probe_fd, data, sizeof(data), 0, addr, len);
}

static long call_recv_chk(void *addr, socklen_t *len)
{
    bound_waiting();
    return __recvfrom_chk(probe_fd, data, sizeof(data), sizeof(data), 0, addr, len);
}

static long call_recvmsg(struct msghdr *message, int flags)
{
    bound_waiting();
    return probe_bypasses ? syscall(SYS_recvmsg, probe_fd, message, flags)
                          : recvmsg(probe_fd, message, flags);
}

static long call_sendmsg(const struct msghdr *message)
{
    return probe_bypasses ? syscall(SYS_sendmsg, probe_fd, message, 0)
                          : sendmsg(probe_fd, message, 0);
}

/* ---- steps with one address ---- */

static void report_call(const char *label, long result)
{
    probe_report(label, result, probe_leave());
}

static void do_connect(const char *text)
{
    union any a, before;
    socklen_t len = probe_parse(text, &a);

    before = a;
    probe_enter();
    report_call("connect", call_connect(&a, len));
    if (memcmp(&a, &before, sizeof(a)) != 0)
        puts("the caller's address was written to");
}

static void do_disconnect(const char *text)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    (void)text;
    probe_enter();
    report_call("disconnect", call_connect(&none, sizeof(none)));
}

static void do_send(const char *text)
{
    union any a, before;
    socklen_t len = probe_parse(text, &a);

    before = a;
    probe_enter();
    report_call("send", call_send(0, &a, len));
    if (memcmp(&a, &before, sizeof(a)) != 0)
        puts("the caller's address was written to");
}

static void do_fastopen(const char *text)
{
    union any a;
    socklen_t len = probe_parse(text, &a);

    probe_enter();
    report_call("fastopen", call_send(MSG_FASTOPEN, &a, len));
}

static void do_say(const char *text)
{
    (void)text;
    probe_enter();
    report_call("say", call_send(0, NULL, 0));
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
        show(label, &a, len);
}

static void do_peer(const char *text)
{
    (void)text;
    do_told("peer", call_peer);
}

static void do_recv(const char *text)
{
    (void)text;
    do_told("from", call_recv);
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
    show("taken", &a, len);
    probe_at = name[0] - 'a';
    probe_fd = (int)result;
}

static void do_take(const char *name)
{
    take(name, call_accept);
}

static void do_take4(const char *name)
{
    take(name, call_accept4);
}

/* ---- messages ---- */

static void do_sendmsg(const char *text)
{
    union any a;
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &a, .msg_iov = &part, .msg_iovlen = 1}, before;

    message.msg_namelen = probe_parse(text, &a);
    before = message;
    probe_enter();
    report_call("sendmsg", call_sendmsg(&message));
    if (memcmp(&message, &before, sizeof(message)) != 0)
        puts("the caller's message was written to");
}

static void do_sendmmsg(const char *text)
{
    enum { MANY = 40 };
    union any a[MANY];
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct mmsghdr messages[MANY] = {0};
    char one[80];
    unsigned count = 0;

    for (; *text != '\0' && count < MANY; count++) {
        size_t size = strcspn(text, ",");
        snprintf(one, sizeof(one), "%.*s", (int)size, text);
        text += size + (text[size] == ',');
        messages[count].msg_hdr = (struct msghdr){.msg_name = &a[count],
                                                  .msg_namelen = probe_parse(one, &a[count]),
                                                  .msg_iov = &part,
                                                  .msg_iovlen = 1};
    }
    probe_enter();
    long result = probe_bypasses ? syscall(SYS_sendmmsg, probe_fd, messages, count, 0)
                                 : sendmmsg(probe_fd, messages, count, 0);
    int error = probe_leave();
    if (result < 0) {
        probe_report("sendmmsg", result, error);
        return;
    }
    printf("sendmmsg %ld, lengths", result);
    for (unsigned i = 0; i < count; i++)
        printf(" %u", messages[i].msg_len);
    puts("");
}

static void receive(const char *label, int flags)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    struct iovec part = {data, sizeof(data)};
    char control[512];
    struct msghdr message = {.msg_name = &a,
                             .msg_namelen = sizeof(a),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};

    probe_enter();
    long result = call_recvmsg(&message, flags);
    int error = probe_leave();
    if (result < 0 || error != PROBE_MARK)
        probe_report(label, result, error);
    else
        show(label, &a, message.msg_namelen);
}

static void do_recvmsg(const char *text)
{
    (void)text;
    receive("from", 0);
}

static void do_recverr(const char *text)
{
    int one = 1;

    (void)text;
    setsockopt(probe_fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
}

/* An error comes in as it does: it is waited for, but not for long. */
static void do_errqueue(const char *text)
{
    struct msghdr message = {0};

    (void)text;
    for (int i = 0; i < 200; i++) {
        if (recvmsg(probe_fd, &message, MSG_ERRQUEUE | MSG_PEEK) >= 0)
            break;
        usleep(10000);
    }
    receive("meant for", MSG_ERRQUEUE);
}

static void do_recvmmsg(const char *text)
{
    union any a[MESSAGES];
    struct iovec part = {data, sizeof(data)};
    struct mmsghdr messages[MESSAGES] = {0};

    (void)text;
    bound_waiting();
    for (int i = 0; i < MESSAGES; i++)
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &a[i], .msg_namelen = sizeof(a[i]), .msg_iov = &part, .msg_iovlen = 1};
    probe_enter();
    long result = probe_bypasses
                      ? syscall(SYS_recvmmsg, probe_fd, messages, MESSAGES, MSG_WAITFORONE, NULL)
                      : recvmmsg(probe_fd, messages, MESSAGES, MSG_WAITFORONE, NULL);
    int error = probe_leave();
    if (result < 0 || error != PROBE_MARK)
        probe_report("from", result, error);
    for (int i = 0; i < result; i++)
        show("from", &a[i], messages[i].msg_hdr.msg_namelen);
}

/* ---- buffers that are small or bad ---- */

static probe_call *call_of(const char *name)
{
    return strncmp(name, "peer", 4) == 0   ? call_peer
           : strncmp(name, "take", 4) == 0 ? call_accept
                                           : call_recv;
}

static void do_room(const char *text)
{
    const char *comma = strchr(text, ',');
    if (comma == NULL)
        abort();
    probe_room((socklen_t)atoi(comma + 1), call_of(text));
}

static void *read_only(void)
{
    void *page = mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    return page;
}

/* Where an address was that has been sent to, on a page that is gone. */
static void *unmapped(const void *good, size_t size)
{
    void *page = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        abort();
    memcpy(page, good, size);
    call_send(0, page, (socklen_t)size);
    munmap(page, 1 << 16);
    return page;
}

static void *bad_address(const char *what, void *good)
{
    if (strcmp(what, "null") == 0)
        return NULL;
    if (strcmp(what, "hole") == 0)
        return probe_hole();
    if (strcmp(what, "low") == 0)
        return (void *)8;
    if (strcmp(what, "high") == 0)
        return (void *)(INTPTR_MIN + 64);
    if (strcmp(what, "unmapped") == 0)
        return unmapped(good, sizeof(struct sockaddr_in));
    return strcmp(what, "readonly") == 0 ? read_only() : good;
}

static long call_badly(const char *call, const char *what)
{
    union any a = {.in = {.sin_family = AF_INET, .sin_port = htons(80)}};
    socklen_t len = sizeof(a.in);
    void *addr = bad_address(what, &a);
    struct iovec part = {data, 1};
    struct msghdr message = {
        .msg_name = addr, .msg_namelen = len, .msg_iov = &part, .msg_iovlen = 1};
    struct msghdr *m = strcmp(what, "nulllength") == 0   ? NULL
                       : strcmp(what, "holelength") == 0 ? probe_hole()
                                                         : &message;

    a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (strcmp(what, "negative") == 0)
        message.msg_namelen = len = (socklen_t)-1;
    if (strcmp(what, "zero") == 0)
        message.msg_namelen = len = 0;
    socklen_t *size = strcmp(what, "nulllength") == 0   ? NULL
                      : strcmp(what, "holelength") == 0 ? probe_hole()
                                                        : &len;
    if (strcmp(call, "connect") == 0)
        return call_connect(addr, len);
    if (strcmp(call, "send") == 0)
        return call_send(0, addr, len);
    if (strcmp(call, "sendmsg") == 0)
        return call_sendmsg(m);
    if (strcmp(call, "recvmsg") == 0)
        return call_recvmsg(m, 0);
    return call_of(call)(addr, size);
}

static void do_bad(const char *text)
{
    char call[16];
    size_t size = strcspn(text, ",");

    snprintf(call, sizeof(call), "%.*s", (int)size, text);
    probe_enter();
    long result = call_badly(call, text + size + 1);
    int error = probe_leave();
    printf("bad ");
    probe_report(call, result, error);
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

/* ---- */

static const struct {
    const char *name;
    void (*run)(const char *value);
} STEPS[] = {
    {"connect=", do_connect},
    {"disconnect", do_disconnect},
    {"take=", do_take},
    {"take4=", do_take4},
    {"peer", do_peer},
    {"send=", do_send},
    {"sendmsg=", do_sendmsg},
    {"sendmmsg=", do_sendmmsg},
    {"fastopen=", do_fastopen},
    {"say", do_say},
    {"recv", do_recv},
    {"recvmsg", do_recvmsg},
    {"recvmmsg", do_recvmmsg},
    {"recvchk", do_recv_chk},
    {"recverr", do_recverr},
    {"errqueue", do_errqueue},
    {"roomof=", do_room},
    {"bad=", do_bad},
    {"bindresvport", do_bindresvport},
    {"bindresvport=", do_bindresvport},
    {"rresvport", do_rresvport},
    {"rresvport=", do_rresvport_again},
    {"scm", do_scm},
};

bool talk_step(const char *step)
{
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        size_t size = strlen(STEPS[i].name);
        bool has_value = STEPS[i].name[size - 1] == '=';
        if (strncmp(step, STEPS[i].name, size) == 0 && (has_value || step[size] == '\0')) {
            STEPS[i].run(step + size);
            return true;
        }
    }
    return false;
}

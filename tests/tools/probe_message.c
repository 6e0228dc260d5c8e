/* Steps of probe that send and receive messages, and that call with what is wrong. See tests/e2e/STEPS.md. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

enum { MESSAGES = 4 };

static char data[64];

static long call_recvmsg(struct msghdr *message, int flags)
{
    probe_bound_waiting();
    return probe_bypasses ? syscall(SYS_recvmsg, probe_fd, message, flags)
                          : recvmsg(probe_fd, message, flags);
}

static long call_sendmsg(const struct msghdr *message)
{
    return probe_bypasses ? syscall(SYS_sendmsg, probe_fd, message, 0)
                          : sendmsg(probe_fd, message, 0);
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
    probe_finish("sendmsg", call_sendmsg(&message));
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
        probe_show(label, &a, message.msg_namelen);
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
    probe_bound_waiting();
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
        probe_show("from", &a[i], messages[i].msg_hdr.msg_namelen);
}

/* ---- buffers that are small or bad ---- */

static probe_call *call_of(const char *name)
{
    return strncmp(name, "peer", 4) == 0   ? probe_peer
           : strncmp(name, "take", 4) == 0 ? probe_accept
                                           : probe_recv;
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
    probe_send(0, page, (socklen_t)size);
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
        return probe_connect(addr, len);
    if (strcmp(call, "send") == 0)
        return probe_send(0, addr, len);
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

const struct probe_step probe_message_steps[] = {
    {"sendmsg=", do_sendmsg},  {"sendmmsg=", do_sendmmsg}, {"recvmsg", do_recvmsg},
    {"recvmmsg", do_recvmmsg}, {"recverr", do_recverr},    {"errqueue", do_errqueue},
    {"roomof=", do_room},      {"bad=", do_bad},           {NULL, NULL},
};

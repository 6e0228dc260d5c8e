/*
 * Steps of probe that call with memory that was there in an earlier call, and is gone. See
 * tests/e2e/STEPS.md.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probe.h"

enum { SIZE = 1 << 16 };

/* All that a call is given. */
struct given {
    union any name;
    socklen_t len;
    struct iovec part;
    struct mmsghdr message;
    char byte;
};

static void fill(struct given *g)
{
    memset(g, 0, sizeof(*g));
    g->name.in.sin_family = AF_INET;
    g->name.in.sin_port = htons(80);
    g->name.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    g->len = sizeof(g->name.in);
    g->part = (struct iovec){&g->byte, 1};
    g->message.msg_hdr = (struct msghdr){
        .msg_name = &g->name, .msg_namelen = g->len, .msg_iov = &g->part, .msg_iovlen = 1};
}

#define CALL(name, call)                                                                           \
    static long do_##name(struct given *g)                                                         \
    {                                                                                              \
        return call;                                                                               \
    }
CALL(bind, bind(probe_fd, &g->name.sa, sizeof(g->name.in)))
CALL(connect, connect(probe_fd, &g->name.sa, sizeof(g->name.in)))
CALL(sendto, sendto(probe_fd, &g->byte, 1, 0, &g->name.sa, sizeof(g->name.in)))
CALL(sendmsg, sendmsg(probe_fd, &g->message.msg_hdr, 0))
CALL(sendmmsg, sendmmsg(probe_fd, &g->message, 1, 0))
CALL(getsockname, getsockname(probe_fd, &g->name.sa, &g->len))
CALL(getpeername, getpeername(probe_fd, &g->name.sa, &g->len))
CALL(accept, accept(probe_fd, &g->name.sa, &g->len))
CALL(accept4, accept4(probe_fd, &g->name.sa, &g->len, 0))
CALL(recvfrom, recvfrom(probe_fd, &g->byte, 1, 0, &g->name.sa, &g->len))
CALL(recvmsg, recvmsg(probe_fd, &g->message.msg_hdr, 0))
CALL(recvmmsg, recvmmsg(probe_fd, &g->message, 1, 0, NULL))

static const struct {
    const char *name;
    long (*make)(struct given *g);
} CALLS[] = {
    {"bind", do_bind},
    {"connect", do_connect},
    {"sendto", do_sendto},
    {"sendmsg", do_sendmsg},
    {"sendmmsg", do_sendmmsg},
    {"getsockname", do_getsockname},
    {"getpeername", do_getpeername},
    {"accept", do_accept},
    {"accept4", do_accept4},
    {"recvfrom", do_recvfrom},
    {"recvmsg", do_recvmsg},
    {"recvmmsg", do_recvmmsg},
};

static long (*call)(struct given *g);
static struct given *given;

static long make_once(struct given *g)
{
    given = g;
    fill(g);
    return call(g);
}

/* ---- what goes away after the first call ---- */

static void *map(int protection)
{
    void *map = mmap(NULL, SIZE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        abort();
    return map;
}

static void in_mapping(void)
{
    void *mapping = map(PROT_READ | PROT_WRITE);
    make_once(mapping);
    munmap(mapping, SIZE);
}

static void in_heap(void)
{
    char *heap = sbrk(SIZE);
    make_once((struct given *)(((uintptr_t)heap + SIZE / 2) & ~(uintptr_t)63));
    sbrk(-SIZE);
}

static void *on_this_stack(void *ignored)
{
    struct given g;
    make_once(&g);
    return ignored;
}

static void on_stack(void)
{
    void *stack = map(PROT_READ | PROT_WRITE);
    pthread_attr_t attributes;
    pthread_t thread;

    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstack(&attributes, stack, SIZE) != 0 ||
        pthread_create(&thread, &attributes, on_this_stack, NULL) != 0)
        abort();
    pthread_join(thread, NULL);
    munmap(stack, SIZE);
}

/* Not gone, but it can be read alone. */
static void read_only(void)
{
    void *mapping = map(PROT_READ | PROT_WRITE);
    make_once(mapping);
    fill(mapping);
    mprotect(mapping, SIZE, PROT_READ);
}

/* The thread that ends leaves its stack to libc, which may write there: no output in between. */
static void do_gone(const char *text)
{
    const char *comma = strchr(text, ',');

    for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
        if (comma != NULL && strlen(CALLS[i].name) == (size_t)(comma - text) &&
            strncmp(CALLS[i].name, text, (size_t)(comma - text)) == 0)
            call = CALLS[i].make;
    }
    if (call == NULL || comma == NULL || fcntl(probe_fd, F_SETFL, O_NONBLOCK) != 0)
        abort();
    if (strcmp(comma, ",mapping") == 0)
        in_mapping();
    else if (strcmp(comma, ",heap") == 0)
        in_heap();
    else if (strcmp(comma, ",stack") == 0)
        on_stack();
    else
        read_only();
    probe_enter();
    long result = call(given);
    int error = probe_leave();
    printf("%s: ", text);
    probe_report("call", result, error);
}

const struct probe_step probe_gone_steps[] = {{"gone=", do_gone}, {NULL, NULL}};

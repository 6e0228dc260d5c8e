/*
 * A handler leaves a call that the table does not change to the kernel. It carries out any other
 * on the program's own socket: the address that was checked is the address that is used.
 *
 * No handler makes a call that waits for a peer: the program's threads would wait for each other.
 */
#include "notify/handler.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/net.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/endpoint.h"
#include "linux/socket.h"
#include "linux/sys.h"
#include "notify/landlock.h"
#include "notify/process.h"
#include "notify/repeat.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/engine.h"
#include "translate/peername.h"
#include "translate/sockname.h"

/* ---- bind, connect and sendto: an address on its way to the kernel ---- */

struct destination {
    struct sockaddr_storage storage;
    const struct sockaddr *addr;
    socklen_t len;
};

/*
 * Reads the address that is argument `i`. False if the kernel is to answer: there is no port, or
 * something is wrong. Another thread may have had it: open_socket() says so.
 */
static bool read_destination(struct notification *n, int i, struct destination *d)
{
    struct endpoint e;

    d->addr = memset(&d->storage, 0, sizeof(d->storage));
    return notification_read_name(n, i, &d->storage, &d->len) &&
           endpoint_from_sockaddr(&e, d->addr, d->len) && e.port != 0;
}

/* Opens the socket. True if it is that of the call, and all that was read before is, too. */
static bool open_socket(struct notification *n)
{
    return notification_open_socket(n) && notification_is_valid(n);
}

/* Answers a call that the program has denied itself, and returns true (landlock(7)). */
static bool deny(struct notification *n, const struct destination *d,
                 bool (*allows)(pid_t pid, uint16_t port))
{
    if (allows(engine_pid(), endpoint_port(d->addr, d->len)) || socket_proto(n->fd) != PROTO_TCP)
        return false;
    errno = EACCES;
    notification_return(n, -1);
    return true;
}

/* Answers with the result of a call that was made. */
static void return_made(struct notification *n, long result)
{
    n->is_made = true;
    notification_return(n, result);
}

/* Answers a restarted call with the result that is kept for it. Returns false if there is none. */
static bool is_repeated(struct notification *n)
{
    long result;

    if (!repeat_take(n, &result))
        return false;
    errno = (int)-result;
    return_made(n, result);
    return true;
}

static void handle_bind(struct notification *n)
{
    struct destination d;

    if (!read_destination(n, 1, &d) || bind_is_unmapped(d.addr, d.len) || !open_socket(n))
        notification_continue(n);
    else if (!is_repeated(n) && !deny(n, &d, landlock_allows_bind))
        return_made(n, bind_socket(n->fd, d.addr, d.len));
}

/* Returns whether the program asked for calls on its socket to return at once. */
static bool is_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

/*
 * connect(2) that does not wait for the connection. The socket is unconnected, so that there is
 * nothing that another thread could wait for on it. Changes O_NONBLOCK alone: the other flags are
 * the program's to change.
 */
static int start_to_connect(struct target *t)
{
    int on = 1, off = 0;

    ioctl(t->fd, FIONBIO, &on);
    int result = connect_found(t);
    int failure = errno;
    ioctl(t->fd, FIONBIO, &off);
    errno = failure;
    return result;
}

/*
 * Once the connection is under way, the kernel goes on with the program's own call. That call waits
 * for it, or finds it made or failed, whatever its address is (SS_CONNECTING in
 * __inet_stream_connect(), net/ipv4/af_inet.c). So signals and timeouts work as usual. A call that
 * restarts after a signal finds the connection under way, too (EALREADY).
 */
static void handle_connect(struct notification *n)
{
    struct destination d;
    struct target t;

    bool is_open = read_destination(n, 1, &d) && open_socket(n);
    if (is_open && is_repeated(n))
        return;
    if (!is_open || !connect_find(&t, n->fd, d.addr, d.len)) {
        notification_continue(n);
        return;
    }
    if (deny(n, &d, landlock_allows_connect))
        return;
    bool may_wait = !is_nonblocking(n->fd);
    int result = may_wait ? start_to_connect(&t) : connect_found(&t);
    if (result != 0 && (errno == EINPROGRESS || errno == EALREADY) && may_wait)
        notification_continue(n);
    else
        return_made(n, result);
}

/* No datagram is longer. Of a stream the kernel, too, may take less than all. */
enum { DATA_MAX = 65536 };

/* Returns a copy of the data, which the caller frees; NULL if it cannot be read. */
static char *read_data(struct notification *n, size_t size)
{
    char *data = malloc(size + 1);

    if (data != NULL && (size == 0 || (notification_read(n, n->argument[1], data, size) &&
                                       notification_is_valid(n))))
        return data;
    free(data);
    return NULL;
}

/* Sends the data for the program, and answers the call. */
static void send_to(struct notification *n, bool is_datagram, const struct sockaddr_storage *to,
                    socklen_t len)
{
    size_t size = (size_t)n->argument[2];
    int flags = (int)n->argument[3] | MSG_NOSIGNAL | MSG_DONTWAIT;
    bool may_wait = ((int)n->argument[3] & MSG_DONTWAIT) == 0 && !is_nonblocking(n->fd);
    char *data = NULL;

    if (size <= DATA_MAX || !is_datagram)
        data = read_data(n, size = size < DATA_MAX ? size : DATA_MAX);
    if (data == NULL) {
        notification_continue(n);
        return;
    }
    ssize_t result = sendto(n->fd, data, size, flags, (const struct sockaddr *)to, len);
    if (result < 0 && errno == EINPROGRESS && may_wait)
        result = sendto(n->fd, data, size, flags & ~MSG_FASTOPEN, NULL, 0);
    int failure = errno;
    free(data);
    if (failure == EAGAIN && may_wait)
        failure = is_datagram ? ENOBUFS : EINTR; /* a queue is full (send(2)) */
    errno = failure;
    return_made(n, result);
}

/* The kernel sends the datagram itself. */
static void send_copies(struct notification *n, const struct destination *d)
{
    size_t size = (size_t)n->argument[2];
    char *data = size <= DATA_MAX ? read_data(n, size) : NULL;

    if (data != NULL)
        connect_send_copies(n->fd, data, size, (int)n->argument[3], d->addr, d->len);
    free(data);
}

/* A datagram, or the data with which TCP Fast Open begins a connection. */
static void handle_sendto(struct notification *n)
{
    struct destination d;
    struct sockaddr_storage to;
    bool is_datagram = ((int)n->argument[3] & MSG_FASTOPEN) == 0;

    bool is_open = read_destination(n, 4, &d) && open_socket(n);
    if (is_open && is_repeated(n))
        return;
    if (is_open && connect_target(n->fd, (int)n->argument[3], d.addr, d.len, &to)) {
        send_to(n, is_datagram, &to, d.len);
        return;
    }
    if (is_open && is_datagram && connect_is_to_members(n->fd, d.addr, d.len))
        send_copies(n, &d);
    notification_continue(n);
}

/* ---- getsockname and getpeername: an address on its way to the program ---- */

/* The kernel answers a call whose name is not translated. */
static void handle_name(struct notification *n, sockname_call *ask, sockname_translate *translate)
{
    struct sockaddr_storage actual, name;
    socklen_t actual_len = sizeof(actual);

    if (!notification_open_socket(n) || ask(n->fd, (struct sockaddr *)&actual, &actual_len) != 0) {
        notification_continue(n);
        return;
    }
    socklen_t len = actual_len;
    memcpy(&name, &actual, len);
    sockname_tell(n->fd, &name, sizeof(name), &len, ask, translate);
    if (len != actual_len || memcmp(&name, &actual, len) != 0)
        notification_return_name(n, &name, len);
    else
        notification_continue(n);
}

static void handle_getsockname(struct notification *n)
{
    handle_name(n, sys_getsockname, sockname_translate_own);
}

static void handle_getpeername(struct notification *n)
{
    handle_name(n, sys_getpeername, peername_translate);
}

/* ---- what a program denies itself ---- */

/* The kernel carries it out. If it fails there, the program counts as restricted all the same. */
static void handle_restrict_self(struct notification *n)
{
    int ruleset = process_get_fd(n->tid, (int)n->argument[0]);

    if (ruleset >= 0)
        landlock_note(engine_pid(), ruleset);
    notification_continue(n);
}

/* ---- socketcall ---- */

static const struct handler *find_socketcall(uint64_t number)
{
    const struct handler *h = handler_table;

    while (h->name != NULL && (h->socketcall <= 0 || (uint64_t)h->socketcall != number))
        h++;
    return h->name != NULL ? h : NULL;
}

/* Its first argument says which call it is. Its second points to the arguments of that. */
static void handle_socketcall(struct notification *n)
{
    const struct handler *h = find_socketcall(n->argument[0]);
    bool is_wide = (n->arch & __AUDIT_ARCH_64BIT) != 0;
    union {
        uint32_t narrow[NOTIFICATION_ARGUMENTS];
        uint64_t wide[NOTIFICATION_ARGUMENTS];
    } words;
    size_t size = is_wide ? sizeof(words.wide[0]) : sizeof(words.narrow[0]);

    if (h == NULL || !notification_read(n, n->argument[1], &words, h->count * size)) {
        notification_continue(n);
        return;
    }
    for (size_t i = 0; i < h->count; i++)
        n->argument[i] = is_wide ? words.wide[i] : words.narrow[i];
    h->handle(n);
}

/* ---- which handler ---- */

const struct handler handler_table[] = {
    {"bind", SYS_BIND, 3, 0, handle_bind},
    {"connect", SYS_CONNECT, 3, 0, handle_connect},
    {"getsockname", SYS_GETSOCKNAME, 3, 0, handle_getsockname},
    {"getpeername", SYS_GETPEERNAME, 3, 0, handle_getpeername},
    {"sendto", SYS_SENDTO, 6, 4, handle_sendto},
    {"socketcall", 0, 2, 0, handle_socketcall},
    {"landlock_restrict_self", NO_SOCKETCALL, 2, 0, handle_restrict_self},
    {NULL, 0, 0, 0, NULL},
};

/* libseccomp's tables of names and numbers have all architectures. */
static const struct handler *look_up(uint32_t arch, int number)
{
    char *name = seccomp_syscall_resolve_num_arch(arch, number);
    const struct handler *h = handler_table;

    while (name != NULL && h->name != NULL && strcmp(h->name, name) != 0)
        h++;
    bool is_found = name != NULL && h->name != NULL;
    free(name);
    return is_found ? h : NULL;
}

/* Keeps what was looked up: a program makes few different calls, each of them often. */
const struct handler *handler_find(uint32_t arch, int number)
{
    enum { KNOWN_MAX = 16 };
    static _Thread_local struct {
        uint32_t arch;
        int number;
        const struct handler *handler;
    } known[KNOWN_MAX];
    static _Thread_local size_t count;

    for (size_t i = 0; i < count; i++) {
        if (known[i].arch == arch && known[i].number == number)
            return known[i].handler;
    }
    const struct handler *h = look_up(arch, number);
    if (h != NULL && count < KNOWN_MAX) {
        known[count].arch = arch;
        known[count].number = number;
        known[count++].handler = h;
    }
    return h;
}

void handler_run(struct notification *n)
{
    const struct handler *h = handler_find(n->arch, n->number);

    if (h != NULL)
        h->handle(n);
    else
        notification_continue(n);
}

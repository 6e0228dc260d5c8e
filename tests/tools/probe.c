/*
 * probe STEP...: makes calls one by one, and reports each on a line of its own.
 * The test tables are written in its steps:
 *
 *   tcp4 tcp6 udp4 udp6 mptcp4 sctp4 ping4 raw4 unix
 *                    a new socket; the last one is what the steps below are about
 *   v6only reuseaddr reuseport
 *                    set the option
 *   v4form           make a socket of IPv6 that is connected over IPv4 one of that (IPV6_ADDRFORM)
 *   bind=ENDPOINT    127.0.0.1:80, [::1]:80, or "unix"; reports "ok" or the errno
 *   bindlen=N        the length to give to the next bind
 *   badbind=WHAT     bind with an address that is null, low or high
 *   unspec=ENDPOINT  bind with AF_UNSPEC in the place of AF_INET
 *   rawbind=ENDPOINT bind past the library
 *   name             what getsockname says
 *   kernel           what the kernel says, asked past the library
 *   room=N           getsockname into a buffer of N bytes: the length told, and the port in it
 *   badname=WHAT     getsockname with a null address, a null length or a negative length
 *   accept4          the same, of a socket of IPv6 that is connected to from IPv4
 *   accept           listen, connect to it, accept; what getsockname says of the accepted socket
 *   same             whether name and kernel are equal
 *   keep             keep this socket as well: "back" returns to it
 *   back
 *   dup              go on with a duplicate of the socket, the original closed
 *   close            close the socket
 *   fork vfork thread signal
 *                    the next step runs there (after fork: all that follow)
 *   clearenv scribble
 *                    clear the environment; overwrite it in place, as setproctitle does
 *   chdir=PATH
 *   exec             execute this program anew, which goes on with the steps that follow
 *   fd=N             go on with this descriptor
 *
 *   @X               go on with the socket called X, a letter; a new socket becomes the
 *                    one that steps are about. The first is a
 *   bypass           make the calls of the steps behind it by syscall(2)
 *   setuid=UID, closerange
 *                    become that user; close all descriptors from 20 on, as daemons do at their start
 *   and those of talk.c, for conversations between sockets
 *
 * Calls are made with errno set, and with malloc forbidden: the
 * process aborts if they allocate. A changed errno is reported.
 */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/sys.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static _Thread_local bool forbids_malloc;

static void count_allocation(void)
{
    if (forbids_malloc)
        abort();
}

void *malloc(size_t size)
{
    count_allocation();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    count_allocation();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    count_allocation();
    return __libc_realloc(old, size);
}

int probe_sockets[26];
int probe_at;
bool probe_bypasses;
static int kept = -1;
static socklen_t bind_length;

const char *probe_errno(int error)
{
    return strerrorname_np(error);
}

/* ---- addresses ---- */

socklen_t probe_parse(const char *text, union any *a)
{
    char host[64] = "";
    unsigned port = 0;

    memset(a, 0, sizeof(*a));
    if (strcmp(text, "unix") == 0) {
        a->un.sun_family = AF_UNIX; /* autobind, unix(7) */
        return sizeof(sa_family_t);
    }
    if (sscanf(text, "[%63[^]]]:%u", host, &port) == 2) {
        a->in6.sin6_family = AF_INET6;
        a->in6.sin6_port = htons((uint16_t)port);
        inet_pton(AF_INET6, host, &a->in6.sin6_addr);
        return sizeof(a->in6);
    }
    if (sscanf(text, "%63[^:]:%u", host, &port) != 2)
        abort();
    a->in.sin_family = AF_INET;
    a->in.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, host, &a->in.sin_addr);
    return sizeof(a->in);
}

void probe_print(const char *label, const union any *a)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (a->sa.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
        printf("%s [%s]:%u\n", label, host, ntohs(a->in6.sin6_port));
    } else if (a->sa.sa_family == AF_INET) {
        inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
        printf("%s %s:%u\n", label, host, ntohs(a->in.sin_port));
    } else {
        printf("%s family %d\n", label, a->sa.sa_family);
    }
}

/* ---- calls ---- */

void probe_report(const char *label, long result, int error)
{
    if (result < 0)
        printf("%s %s\n", label, probe_errno(error));
    else if (error != PROBE_MARK)
        printf("%s ok, but errno is %d\n", label, error);
    else
        printf("%s ok\n", label);
}

void probe_enter(void)
{
    errno = PROBE_MARK;
    forbids_malloc = true;
}

int probe_leave(void)
{
    forbids_malloc = false;
    return errno;
}

void *probe_hole(void)
{
    void *hole = mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (hole == MAP_FAILED)
        abort();
    return (char *)hole + 64;
}

static int call_bind(const void *addr, socklen_t len, int *error)
{
    probe_enter();
    int result =
        probe_bypasses ? (int)syscall(SYS_bind, probe_fd, addr, len) : bind(probe_fd, addr, len);
    *error = probe_leave();
    return result;
}

static int call_name(int of, void *addr, socklen_t *len, int *error)
{
    probe_enter();
    int result =
        probe_bypasses ? (int)syscall(SYS_getsockname, of, addr, len) : getsockname(of, addr, len);
    *error = probe_leave();
    return result;
}

static void do_bind(const char *text, sa_family_t family)
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

static void do_name(void)
{
    union any a = {.storage = {.ss_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);
    int error, result = call_name(probe_fd, &a, &len, &error);

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

void probe_room(socklen_t room, probe_call *call)
{
    unsigned char buf[128];
    socklen_t len = room;

    memset(buf, 0xee, sizeof(buf));
    probe_enter();
    long result = call(buf, &len);
    int error = probe_leave();
    if (result < 0 || error != PROBE_MARK) {
        probe_report("room", result, error);
        return;
    }
    printf("room %u, length %u, port", room, len);
    for (socklen_t i = 2; i < 4; i++)
        printf(" %02x", buf[i]);
    printf(", then %02x\n", buf[room]);
}

static long name_of_this(void *addr, socklen_t *len)
{
    return probe_bypasses ? syscall(SYS_getsockname, probe_fd, addr, len)
                          : getsockname(probe_fd, addr, len);
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

static void do_same(void)
{
    union any told = {.storage = {.ss_family = AF_UNSPEC}}, actual;
    socklen_t len = sizeof(told);
    int error;

    memset(&told, 0, sizeof(told));
    ask_kernel(&actual);
    call_name(probe_fd, &told, &len, &error);
    puts(memcmp(&told, &actual, sizeof(told)) == 0 ? "same" : "different");
}

static void do_accept(bool from_v4)
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

/* ---- steps ---- */

static const struct {
    const char *name;
    int domain, type, protocol;
} SOCKETS[] = {
    {"tcp4", AF_INET, SOCK_STREAM, 0},
    {"tcp6", AF_INET6, SOCK_STREAM, 0},
    {"udp4", AF_INET, SOCK_DGRAM, 0},
    {"udp6", AF_INET6, SOCK_DGRAM, 0},
    {"mptcp4", AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
    {"sctp4", AF_INET, SOCK_STREAM, IPPROTO_SCTP},
    {"ping4", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
    {"raw4", AF_INET, SOCK_RAW, IPPROTO_TCP},
    {"unix", AF_UNIX, SOCK_STREAM, 0},
    {"none", -1, 0, 0},
};

static bool open_socket(const char *step)
{
    for (size_t i = 0; i < sizeof(SOCKETS) / sizeof(SOCKETS[0]); i++) {
        if (strcmp(step, SOCKETS[i].name) != 0)
            continue;
        probe_fd = socket(SOCKETS[i].domain, SOCKETS[i].type, SOCKETS[i].protocol);
        if (probe_fd < 0 && SOCKETS[i].domain >= 0)
            printf("%s %s\n", step, probe_errno(errno));
        return true;
    }
    return false;
}

static void set_option(int level, int option, int value)
{
    if (setsockopt(probe_fd, level, option, &value, sizeof(value)) != 0)
        printf("setsockopt %s\n", probe_errno(errno));
}

extern char **environ;

static void scribble(void)
{
    for (char **variable = environ; *variable != NULL; variable++)
        memset(*variable, 'x', strlen(*variable));
}

const char *probe_value(const char *step, const char *name)
{
    size_t size = strlen(name);
    return strncmp(step, name, size) == 0 ? step + size : NULL;
}

static void run_step(const char *step)
{
    const char *value;
    union any a;

    if (open_socket(step) || talk_step(step))
        return;
    if ((value = probe_value(step, "bind=")) != NULL)
        do_bind(value, AF_INET);
    else if ((value = probe_value(step, "unspec=")) != NULL)
        do_bind(value, AF_UNSPEC);
    else if ((value = probe_value(step, "rawbind=")) != NULL)
        do_raw_bind(value);
    else if ((value = probe_value(step, "badbind=")) != NULL)
        do_bad_bind(value);
    else if ((value = probe_value(step, "bindlen=")) != NULL)
        bind_length = (socklen_t)atoi(value);
    else if ((value = probe_value(step, "fd=")) != NULL)
        probe_fd = atoi(value);
    else if ((value = probe_value(step, "room=")) != NULL)
        probe_room((socklen_t)atoi(value), name_of_this);
    else if ((value = probe_value(step, "badname=")) != NULL)
        do_bad_name(value);
    else if (strcmp(step, "name") == 0)
        do_name();
    else if (strcmp(step, "kernel") == 0)
        ask_kernel(&a) ? probe_print("kernel", &a)
                       : (void)printf("kernel %s\n", probe_errno(errno));
    else if (strcmp(step, "same") == 0)
        do_same();
    else if (strcmp(step, "accept") == 0)
        do_accept(false);
    else if (strcmp(step, "accept4") == 0)
        do_accept(true);
    else if (strcmp(step, "v6only") == 0)
        set_option(IPPROTO_IPV6, IPV6_V6ONLY, 1);
    else if (strcmp(step, "v4form") == 0)
        set_option(IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET);
    else if (strcmp(step, "reuseaddr") == 0)
        set_option(SOL_SOCKET, SO_REUSEADDR, 1);
    else if (strcmp(step, "reuseport") == 0)
        set_option(SOL_SOCKET, SO_REUSEPORT, 1);
    else if (strcmp(step, "keep") == 0)
        kept = probe_fd;
    else if (strcmp(step, "back") == 0)
        probe_fd = kept;
    else if (strcmp(step, "dup") == 0) {
        int old = probe_fd;
        probe_fd = dup(old);
        close(old);
    } else if (strcmp(step, "close") == 0)
        close(probe_fd);
    else if (strcmp(step, "listen") == 0)
        listen(probe_fd, 1);
    else if (strcmp(step, "rawlisten") == 0)
        sys_listen(probe_fd, 1);
    else if (step[0] == '@')
        probe_at = step[1] - 'a';
    else if (strcmp(step, "bypass") == 0)
        probe_bypasses = true;
    else if ((value = probe_value(step, "setuid=")) != NULL) {
        if (setuid((uid_t)atoi(value)) != 0)
            printf("setuid %s\n", probe_errno(errno));
    } else if (strcmp(step, "closerange") == 0)
        syscall(SYS_close_range, 20, ~0U, 0);
    else if (strcmp(step, "clearenv") == 0)
        clearenv();
    else if (strcmp(step, "scribble") == 0)
        scribble();
    else if ((value = probe_value(step, "chdir=")) != NULL) {
        if (chdir(value) != 0)
            printf("chdir %s\n", probe_errno(errno));
    } else {
        printf("unknown step %s\n", step);
        exit(2);
    }
}

/* ---- places to run a step in ---- */

static const char *volatile pending_step;

static void on_signal(int number)
{
    (void)number;
    run_step(pending_step);
}

static void *in_thread(void *step)
{
    run_step(step);
    return NULL;
}

static void wait_for(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        printf("the child ended with %#x\n", (unsigned)status);
}

/* Runs `step` in the place that `where` names. False where it names none. */
static bool run_elsewhere(const char *where, const char *step)
{
    pthread_t thread;

    if (strcmp(where, "signal") == 0) {
        pending_step = step;
        signal(SIGUSR1, on_signal);
        raise(SIGUSR1);
    } else if (strcmp(where, "thread") == 0) {
        if (pthread_create(&thread, NULL, in_thread, (void *)(uintptr_t)step) != 0)
            abort();
        pthread_join(thread, NULL);
    } else if (strcmp(where, "vfork") == 0) {
        fflush(stdout);
        pid_t child = vfork();
        if (child == 0) {
            run_step(step);
            fflush(stdout);
            _exit(0);
        }
        wait_for(child);
    } else {
        return false;
    }
    return true;
}

/* The steps behind argv[i] run in a new process image, which has the sockets. */
static void execute_anew(char **argv, int i, int argc)
{
    enum { REGISTERS = sizeof(probe_sockets) / sizeof(probe_sockets[0]) };
    static char names[REGISTERS + 1][4], values[REGISTERS][16];
    char **anew = calloc((size_t)argc + 2 * REGISTERS + 3, sizeof(*anew));
    int count = 0;

    if (anew == NULL)
        abort();
    anew[count++] = argv[0];
    for (int at = 0; at <= REGISTERS; at++) {
        bool is_last = at == REGISTERS;
        if (!is_last && probe_sockets[at] < 0)
            continue;
        snprintf(names[at], sizeof(names[at]), "@%c", 'a' + (is_last ? probe_at : at));
        anew[count++] = names[at];
        if (is_last)
            break;
        snprintf(values[at], sizeof(values[at]), "fd=%d", probe_sockets[at]);
        anew[count++] = values[at];
    }
    while (argv[++i] != NULL)
        anew[count++] = argv[i];
    execv("/proc/self/exe", anew);
    printf("exec %s\n", probe_errno(errno));
    exit(2);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    memset(probe_sockets, -1, sizeof(probe_sockets));
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "exec") == 0) {
            execute_anew(argv, i, argc);
        } else if (strcmp(argv[i], "fork") == 0) {
            fflush(stdout);
            pid_t child = fork();
            if (child != 0) {
                wait_for(child);
                return 0;
            }
        } else if (i + 1 < argc && run_elsewhere(argv[i], argv[i + 1])) {
            i++;
        } else {
            run_step(argv[i]);
        }
    }
    return 0;
}

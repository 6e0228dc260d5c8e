/*
 * probe STEP...: makes calls one by one, and reports each on a line of its own. Without a step, it
 * lists all steps. They are described in tests/e2e/STEPS.md.
 *
 * Calls are made with errno set, and with malloc forbidden: the process aborts if they
 * allocate. A changed errno is reported.
 */
#include "probe.h"
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local bool forbids_malloc;

#ifdef __GLIBC__ /* musl has no names for its own beside those */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

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
#endif

int probe_sockets[26];
int probe_at;
bool probe_bypasses;

const char *probe_errno(int error)
{
    return error_name(error);
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

enum { FIRST_CHOSEN = 32768 };

void probe_show(const char *label, const union any *a, socklen_t len)
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

/* ---- how much stack a call takes ---- */

enum { STACK = 32768, OWN_STACK = 512, MAX_STACK = 4096 };

bool probe_measures;
static _Thread_local volatile char *stack_end;

/* Paints what is below the stack of the caller, which uses OWN_STACK bytes at most until the call. */
__attribute__((noinline)) static void paint_stack(void)
{
    stack_end = (volatile char *)__builtin_frame_address(0) - OWN_STACK;
    for (volatile char *at = stack_end - STACK; at < stack_end; at++)
        *at = 'x';
}

__attribute__((noinline)) static long used_stack(void)
{
    volatile char *at = stack_end - STACK;

    while (at < stack_end && *at == 'x')
        at++;
    return stack_end - at;
}

void probe_enter(void)
{
    if (probe_measures)
        paint_stack();
    errno = PROBE_MARK;
    forbids_malloc = true;
}

int probe_leave(void)
{
    int error = errno;
    long used = probe_measures ? used_stack() : 0;

    forbids_malloc = false;
    if (used > MAX_STACK)
        printf("%ld bytes of stack\n", used);
    return error;
}

void probe_finish(const char *label, long result)
{
    probe_report(label, result, probe_leave());
}

void *probe_hole(void)
{
    void *hole = mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (hole == MAP_FAILED)
        abort();
    return (char *)hole + 64;
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

/* Tests end, whatever does not arrive. */
void probe_bound_waiting(void)
{
    struct timeval limit = {.tv_sec = 2};
    setsockopt(probe_fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

/* ---- steps ---- */

static const struct probe_step *const STEPS[] = {
    probe_socket_steps, probe_talk_steps, probe_message_steps, probe_filter_steps, probe_gone_steps,
};
/* Those that main knows: the step behind them, or all of these, are run elsewhere. */
static const char *const PLACES[] = {"@", "signal", "thread", "vfork", "escape", "fork", "exec"};

static void list_steps(void)
{
    for (size_t i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++)
        puts(PLACES[i]);
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        for (const struct probe_step *s = STEPS[i]; s->name != NULL; s++)
            puts(s->name);
    }
}

static bool run_of(const struct probe_step *s, const char *step)
{
    for (; s->name != NULL; s++) {
        size_t size = strlen(s->name);
        bool has_value = s->name[size - 1] == '=';
        if (strncmp(step, s->name, size) == 0 && (has_value || step[size] == '\0')) {
            s->run(step + size);
            return true;
        }
    }
    return false;
}

static void run_step(const char *step)
{
    if (step[0] == '@') {
        probe_at = step[1] - 'a';
        return;
    }
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        if (run_of(STEPS[i], step))
            return;
    }
    printf("unknown step %s\n", step);
    exit(2);
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

static sigjmp_buf way_out;

static void on_alarm(int number)
{
    (void)number;
    run_step(pending_step);
    siglongjmp(way_out, 1);
}

/* Runs `step` in a signal handler that interrupts accept(2), and never returns to it. */
static void run_and_escape(const char *step)
{
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    union any a;
    socklen_t len = sizeof(a);

    pending_step = step;
    signal(SIGALRM, on_alarm);
    if (listener < 0 || listen(listener, 1) != 0 || setitimer(ITIMER_REAL, &soon, NULL) != 0)
        abort();
    if (sigsetjmp(way_out, 1) == 0)
        accept(listener, &a.sa, &len);
    close(listener);
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
    } else if (strcmp(where, "escape") == 0) {
        run_and_escape(step);
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
    if (argc == 1)
        list_steps();
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

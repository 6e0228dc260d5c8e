/*
 * Three processes: the one that was called, and that somebody waits for (here: the front);
 * its child, the supervisor, in a session of its own; and its child, the command, in the
 * place in sessions and process groups that the front has. The supervisor must be there
 * longer than the command, for daemons, and may not be its child, since under Yama only an
 * ancestor may look into a process; so somebody else has to end when the command does.
 *
 * The command waits before it is executed until the supervisor has shown that it can do all
 * it will have to: so, what is missing is known before anything has begun.
 *
 * Front and supervisor hold nothing of what they inherited but the front's standard error:
 * who waits for the end of a pipe must not wait for us.
 */
#include "notify/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/filter.h"
#include "notify/supervisor.h"
#include "translate/log.h"
#include "translate/setup.h"

/* What all three know. */
struct plan {
    const struct launch *launch;
    struct filter filter;
    pid_t front;
    sigset_t mask;             /* the signals that were blocked before */
    struct sigaction children; /* what was to become of SIGCHLD */
};

/* Two ends of a connection, closed at execve(2): `ours` is the parent's. */
struct ends {
    int ours, theirs;
};

static bool make_ends(struct ends *e)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    e->ours = pair[0];
    e->theirs = pair[1];
    return true;
}

/*
 * Where standard descriptors are closed, ours would get their numbers. These are closed
 * again for the command (O_CLOEXEC).
 */
static void fill_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

static bool send_number(int to, int number)
{
    return send(to, &number, sizeof(number), MSG_NOSIGNAL) == sizeof(number);
}

static bool receive_number(int from, int *number)
{
    return recv(from, number, sizeof(*number), 0) == sizeof(*number);
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes all descriptors above standard error but those in `kept`. */
static void close_others(int *kept, size_t count)
{
    unsigned first = STDERR_FILENO + 1;

    qsort(kept, count, sizeof(kept[0]), compare);
    for (size_t i = 0; i < count; i++) {
        if (first < (unsigned)kept[i])
            syscall(SYS_close_range, first, kept[i] - 1, 0);
        first = (unsigned)kept[i] + 1;
    }
    syscall(SYS_close_range, first, ~0U, 0);
}

/* Puts /dev/null in the place of the standard descriptors up to `last`. */
static void drop_standard(int last)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = STDIN_FILENO; fd <= last; fd++) {
        if (null >= 0)
            dup2(null, fd);
        else
            close(fd);
    }
    if (null > last)
        close(null);
}

/* ---- the command ---- */

/*
 * systemd says by pid whom its sockets and its watchdog are for (sd_listen_fds(3),
 * sd_watchdog_enabled(3)): that was the front.
 */
static void inherit_from_systemd(pid_t front)
{
    static const char *const NAMES[] = {"LISTEN_PID", "WATCHDOG_PID"};
    char pid[16];

    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && strtol(value, NULL, 10) == (long)front)
            setenv(NAMES[i], pid, 1);
    }
}

_Noreturn static void be_command(const struct plan *p, int supervisor)
{
    int go;
    int listener = filter_install(&p->filter);

    if (!send_number(supervisor, listener >= 0 ? listener : -errno) ||
        !receive_number(supervisor, &go))
        _exit(EXIT_FAILURE);
    close(supervisor);
    close(listener);
    inherit_from_systemd(p->front);
    sigaction(SIGCHLD, &p->children, NULL);
    sigprocmask(SIG_SETMASK, &p->mask, NULL);
    _exit(p->launch->command(p->launch->data));
}

/* ---- the supervisor ---- */

/*
 * Takes the listener out of the command, and tries what the handlers will need. A negative errno where
 * something cannot be had.
 */
static int take_listener(pid_t command, int from)
{
    static const int number = 1;
    int told, copy = 0;
    struct iovec here = {&copy, sizeof(copy)}, there = {(void *)&number, sizeof(number)};

    if (!receive_number(from, &told))
        return -ECHILD;
    if (told < 0)
        return told;
    int pidfd = (int)syscall(SYS_pidfd_open, command, 0);
    int listener = pidfd >= 0 ? (int)syscall(SYS_pidfd_getfd, pidfd, told, 0) : -1;
    if (listener < 0 || process_vm_readv(command, &here, 1, &there, 1, 0) != sizeof(copy))
        listener = -errno;
    if (pidfd >= 0)
        close(pidfd);
    return listener;
}

/* A daemon's surroundings. Descriptors: process.c keeps one for each thread that makes calls. */
static void settle(int listener, int control, int command)
{
    struct rlimit files;
    int kept[] = {listener, control, command};

    setsid();
    signal(SIGPIPE, SIG_IGN);
    drop_standard(STDERR_FILENO);
    close_others(kept, sizeof(kept) / sizeof(kept[0]));
    if (chdir("/") != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

_Noreturn static void fail(int control, int error)
{
    const struct supervisor_message message = {.event = SUPERVISOR_FAILED, .value = error};

    (void)send(control, &message, sizeof(message), MSG_NOSIGNAL);
    _exit(EXIT_FAILURE);
}

_Noreturn static void be_supervisor(const struct plan *p, int control)
{
    struct ends start;
    int ready;

    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!make_ends(&start))
        fail(control, errno);
    pid_t command = fork();
    if (command < 0)
        fail(control, errno);
    if (command == 0) {
        close(start.ours);
        close(control);
        be_command(p, start.theirs);
    }
    close(start.theirs);
    int listener = take_listener(command, start.ours);
    if (listener >= 0)
        settle(listener, control, start.ours);
    int failure = listener < 0 ? listener : supervisor_start(listener, control, command);
    if (failure != 0) {
        kill(command, SIGKILL);
        waitpid(command, NULL, 0);
        fail(control, -failure);
    }
    const struct supervisor_message started = {.event = SUPERVISOR_STARTED, .value = command};
    if (send(control, &started, sizeof(started), MSG_NOSIGNAL) < 0 ||
        !receive_number(control, &ready))
        _exit(EXIT_FAILURE);
    send_number(start.ours, 0);
    close(start.ours);
    supervisor_run(listener);
}

/* ---- the front ---- */

enum watched {
    CONTROL,
    SIGNALS,
    COMMAND, /* once the supervisor is lost */
    WATCHED,
};

struct front {
    struct pollfd watched[WATCHED];
    pid_t supervisor;
    pid_t command;
    int pidfd; /* of the command */
    int status;
    bool has_ended;
};

/* Those that a terminal sends reach the command by itself. */
static bool is_of_terminal(const struct signalfd_siginfo *info)
{
    switch (info->ssi_signo) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGWINCH:
        return info->ssi_code == SI_KERNEL;
    case SIGHUP:
    case SIGCONT: /* but that the first of a session is told alone when the terminal goes */
        return info->ssi_code == SI_KERNEL && getsid(0) != getpid();
    default:
        return false;
    }
}

/* What our own line on standard error may raise. */
static bool is_own(const struct signalfd_siginfo *info)
{
    return (info->ssi_signo == SIGPIPE || info->ssi_signo == SIGXFSZ) &&
           (pid_t)info->ssi_pid == getpid();
}

/* The command is our child only if the supervisor has been killed. */
static void reap(struct front *f)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == f->command) {
            f->status = status;
            f->has_ended = true;
        }
    }
}

static void take_signal(struct front *f)
{
    struct signalfd_siginfo info;

    if (read(f->watched[SIGNALS].fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGCHLD)
        reap(f);
    else if (!is_of_terminal(&info) && !is_own(&info))
        syscall(SYS_pidfd_send_signal, f->pidfd, info.ssi_signo, NULL, 0);
}

/* To the front's own standard error, unless REMAP_LOG is off. */
__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    const struct setup *setup = setup_get();
    va_list arguments;

    if (!log_wants(setup != NULL ? &setup->config : NULL, LEVEL_ERROR))
        return;
    va_start(arguments, format);
    (void)vdprintf(STDERR_FILENO, format, arguments);
    va_end(arguments);
}

static void lose_supervisor(struct front *f)
{
    f->watched[CONTROL].fd = -1;
    f->watched[COMMAND].fd = f->pidfd;
    complain(
        "remap: the supervisor of this run was killed: what binds or connects in it fails from "
        "now on: start it anew\n");
    reap(f);
}

static void tell_of_denial(pid_t pid)
{
    complain("remap: process %ld lets nobody look into it: what it binds stays as it is: "
             "see PR_SET_DUMPABLE in prctl(2)\n",
             (long)pid);
}

static void take_message(struct front *f)
{
    struct supervisor_message m;

    if (recv(f->watched[CONTROL].fd, &m, sizeof(m), 0) != sizeof(m)) {
        lose_supervisor(f);
        return;
    }
    if (m.event == SUPERVISOR_DENIED)
        tell_of_denial(m.value);
    if (m.event != SUPERVISOR_STATUS)
        return;
    if (WIFSTOPPED(m.value)) {
        kill(getpid(), SIGSTOP);
    } else if (WIFEXITED(m.value) || WIFSIGNALED(m.value)) {
        f->status = m.value;
        f->has_ended = true;
        if (m.is_last) /* whose end is then at hand: nothing is to be left of it */
            waitpid(f->supervisor, NULL, 0);
    }
}

/* The command has ended after the supervisor, or before, and that one took its status along. */
static void take_end(struct front *f)
{
    enum { UNKNOWN = 1 << 8 }; /* as of a command that exits with 1 */

    reap(f);
    if (!f->has_ended)
        f->status = UNKNOWN;
    f->has_ended = true;
}

static void wait_for_end(struct front *f)
{
    while (!f->has_ended) {
        if (poll(f->watched, WATCHED, -1) <= 0)
            continue;
        if (f->watched[CONTROL].revents != 0)
            take_message(f);
        if (f->watched[SIGNALS].revents != 0)
            take_signal(f);
        if (f->watched[COMMAND].revents != 0)
            take_end(f);
    }
}

/* Waits for the supervisor to start the command. 0, or a negative errno. */
static int hear_of_start(int control, pid_t *command)
{
    struct supervisor_message m;

    if (recv(control, &m, sizeof(m), 0) != sizeof(m))
        return -ECHILD;
    if (m.event != SUPERVISOR_STARTED)
        return -m.value;
    *command = m.value;
    return 0;
}

static int be_front(pid_t supervisor, int control, int *status)
{
    struct front f = {.supervisor = supervisor};
    sigset_t all;
    int failure = hear_of_start(control, &f.command);

    if (failure != 0) {
        waitpid(supervisor, NULL, 0);
        return failure;
    }
    sigfillset(&all);
    signal(SIGCHLD, SIG_DFL);
    f.pidfd = (int)syscall(SYS_pidfd_open, f.command, 0);
    f.watched[CONTROL] = (struct pollfd){.fd = control, .events = POLLIN};
    f.watched[SIGNALS] =
        (struct pollfd){.fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN};
    f.watched[COMMAND] = (struct pollfd){.fd = -1, .events = POLLIN};
    if (f.pidfd < 0 || f.watched[SIGNALS].fd < 0) {
        failure = -errno;
        close(control); /* at which the supervisor ends the command */
        waitpid(supervisor, NULL, 0);
        return failure;
    }
    int kept[] = {control, f.pidfd, f.watched[SIGNALS].fd};
    drop_standard(STDOUT_FILENO);
    close_others(kept, sizeof(kept) / sizeof(kept[0]));
    send_number(control, 0);
    wait_for_end(&f);
    *status = f.status;
    return 0;
}

int launch_run(const struct launch *l, int *status)
{
    struct plan p = {.launch = l, .front = getpid()};
    struct ends control;
    sigset_t all;
    int is_subreaper = 0;

    fill_standard();
    int failure = filter_make(&p.filter, l->datagrams);
    if (failure != 0)
        return failure;
    if (!make_ends(&control)) {
        filter_free(&p.filter);
        return -errno;
    }
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &p.mask);
    sigaction(SIGCHLD, NULL, &p.children);
    prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* for what the supervisor may leave behind */
    pid_t supervisor = fork();
    if (supervisor == 0) {
        close(control.ours);
        be_supervisor(&p, control.theirs);
    }
    failure = supervisor < 0 ? -errno : 0;
    close(control.theirs);
    filter_free(&p.filter);
    if (failure == 0)
        failure = be_front(supervisor, control.ours, status);
    if (failure != 0) {
        close(control.ours);
        prctl(PR_SET_CHILD_SUBREAPER, is_subreaper);
        sigaction(SIGCHLD, &p.children, NULL);
        sigprocmask(SIG_SETMASK, &p.mask, NULL);
    }
    return failure;
}

/* Without a second core file of it. */
static void die_of(int number)
{
    const struct rlimit none = {0, 0};
    sigset_t all;

    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    kill(getpid(), number);
    sigfillset(&all);
    sigprocmask(SIG_UNBLOCK, &all, NULL);
}

_Noreturn void launch_end_as(int status)
{
    enum { SIGNALLED = 128 };

    if (WIFSIGNALED(status))
        die_of(WTERMSIG(status));
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status));
}

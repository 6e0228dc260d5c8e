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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/filter.h"
#include "notify/front.h"
#include "notify/inherited_fds.h"
#include "notify/socketpair.h"
#include "notify/supervisor.h"

/* What all three know. */
struct plan {
    const struct launch *launch;
    struct filter filter;
    pid_t front;
    sigset_t mask;             /* the signals that were blocked before */
    struct sigaction children; /* what was to become of SIGCHLD */
};

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

    if (!socketpair_send(supervisor, listener >= 0 ? listener : -errno) ||
        !socketpair_receive(supervisor, &go))
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

    if (!socketpair_receive(from, &told))
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
    inherited_fds_drop_standard(STDERR_FILENO);
    inherited_fds_close_others(kept, sizeof(kept) / sizeof(kept[0]));
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
    struct socketpair_ends start;
    int ready;

    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!socketpair_make(&start))
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
        !socketpair_receive(control, &ready))
        _exit(EXIT_FAILURE);
    socketpair_send(start.ours, 0);
    close(start.ours);
    supervisor_run(listener);
}

/* ---- all of them ---- */

int launch_run(const struct launch *l, int *status)
{
    struct plan p = {.launch = l, .front = getpid()};
    struct socketpair_ends control;
    sigset_t all;
    int is_subreaper = 0;

    inherited_fds_fill_standard();
    int failure = filter_make(&p.filter, l->datagrams);
    if (failure != 0)
        return failure;
    if (!socketpair_make(&control)) {
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
        failure = front_wait(supervisor, control.ours, status);
    if (failure != 0) {
        close(control.ours); /* at which the supervisor ends the command */
        if (supervisor > 0)
            waitpid(supervisor, NULL, 0);
        prctl(PR_SET_CHILD_SUBREAPER, is_subreaper);
        sigaction(SIGCHLD, &p.children, NULL);
        sigprocmask(SIG_SETMASK, &p.mask, NULL);
    }
    return failure;
}

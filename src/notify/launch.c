/*
 * There are three processes. The foreground process is the one that the caller started, and
 * waits for. The supervisor is its child, in a session of its own. The command is the supervisor's
 * child, in the session and process group of the foreground process.
 *
 * The supervisor stays as long as the tree, daemons included, so the caller cannot wait for it.
 * Under Yama 1 only an ancestor may access a process, so it cannot be a child of the command.
 *
 * The command waits, with the filter installed, until the supervisor has fetched the listener
 * and read its memory, as handlers do. What cannot work here fails before the command starts.
 *
 * The foreground process and the supervisor close all they inherited, except the former's
 * standard error: a reader of a pipe waits until every copy of its other end is closed.
 */
#include "notify/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/fd.h"
#include "notify/filter.h"
#include "notify/foreground.h"
#include "notify/supervisor.h"

/* What all three know. */
struct plan {
    const struct launch *launch;
    const struct sock_fprog *filter;
    pid_t foreground;
    sigset_t mask;            /* the signals that were blocked before */
    struct sigaction sigchld; /* its action before */
};

/* ---- the command ---- */

/*
 * systemd names by pid the process that its sockets and its watchdog are for (sd_listen_fds(3),
 * sd_watchdog_enabled(3)): the foreground process.
 */
static void take_over_from(pid_t foreground)
{
    static const char *const NAMES[] = {"LISTEN_PID", "WATCHDOG_PID"};
    char pid[16];

    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && strtol(value, NULL, 10) == (long)foreground)
            setenv(NAMES[i], pid, 1);
    }
}

/* Tells the supervisor the listener's number, or a negative errno, and waits for its answer. */
_Noreturn static void run_command(const void *plan, int supervisor)
{
    const struct plan *p = plan;
    int go;
    int listener = filter_install(p->filter);

    if (!fd_send(supervisor, listener >= 0 ? listener : -errno) || !fd_receive(supervisor, &go))
        _exit(EXIT_FAILURE);
    close(supervisor);
    close(listener);
    take_over_from(p->foreground);
    sigaction(SIGCHLD, &p->sigchld, NULL);
    sigprocmask(SIG_SETMASK, &p->mask, NULL);
    _exit(p->launch->command(p->launch->data));
}

/* ---- the foreground process ---- */

int launch_run(const struct launch *l)
{
    __attribute__((cleanup(filter_free))) struct sock_fprog filter = {0};
    struct plan p = {.launch = l, .filter = &filter, .foreground = getpid()};
    FD_OWNER int control = -1, to_foreground = -1;
    sigset_t all;
    int is_subreaper = 0;

    fd_fill_standard();
    int failure = filter_make(&filter, l->datagrams);
    if (failure != 0)
        return failure;
    if (!fd_make_pair(&control, &to_foreground))
        return -errno;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &p.mask);
    sigaction(SIGCHLD, NULL, &p.sigchld);
    prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* in case the supervisor is killed */
    pid_t supervisor = fork();
    if (supervisor == 0) {
        fd_close(&control);
        supervisor_run(to_foreground, run_command, &p);
    }
    failure = -errno;
    fd_close(&to_foreground);
    if (supervisor > 0) {
        failure = foreground_run(supervisor, control);
        fd_close(&control); /* the supervisor then ends the command */
        waitpid(supervisor, NULL, 0);
    }
    prctl(PR_SET_CHILD_SUBREAPER, is_subreaper);
    sigaction(SIGCHLD, &p.sigchld, NULL);
    sigprocmask(SIG_SETMASK, &p.mask, NULL);
    return failure;
}

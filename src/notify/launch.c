/*
 * There are three processes. The foreground process is the one that the caller started, and
 * waits for. The supervisor is its child, in a session of its own. The command is the supervisor's
 * child, in the session and process group of the foreground process.
 *
 * The supervisor stays as long as the tree, daemons included, so the caller cannot wait for it.
 * Under Yama 1 only an ancestor may access a process, so it cannot be a child of the command. If
 * it is killed, the command becomes the foreground process's child (PR_SET_CHILD_SUBREAPER).
 *
 * The command waits, with the filter installed, until the supervisor has fetched the listener
 * and read its memory, as handlers do. What cannot work here fails before the command starts.
 *
 * The foreground process and the supervisor close all they inherited, except the former's
 * standard error: a reader of a pipe waits until every copy of its other end is closed.
 */
#include "notify/launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/sys.h"
#include "notify/fd.h"
#include "notify/filter.h"
#include "notify/supervisor.h"
#include "translate/report.h"
#include "translate/settings.h"

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

enum watched {
    CONTROL,
    SIGNALS,
    COMMAND, /* once the supervisor is lost */
    WATCHED,
};

struct foreground {
    struct pollfd watched[WATCHED]; /* fd is -1 for what is not waited for */
    pid_t supervisor;
    pid_t command;
    int pidfd;  /* of the command */
    int status; /* of the command; negative while it runs */
};

/* Writes a line to our own standard error, or to the log file, as the settings say. */
static void print(const char *text)
{
    const struct settings *settings = settings_get();
    const struct config *config = settings != NULL ? &settings->config : NULL;
    struct report_line line;

    if (!report_wants(config, LEVEL_ERROR))
        return;
    report_start(&line);
    text_string(&line.text, text);
    report_finish(&line, config);
}

static void reap(struct foreground *f)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == f->command)
            f->status = status;
    }
}

/* Without the supervisor. If the command had ended before it, the status is lost. */
static void handle_end(struct foreground *f)
{
    enum { FAILURE = 1 << 8 }; /* as of a command that exits with 1 */

    reap(f);
    f->status = f->status < 0 ? FAILURE : f->status;
}

static void handle_lost_supervisor(struct foreground *f)
{
    print("the supervisor of this run was killed: its programs can no longer bind or connect: "
          "restart them");
    f->watched[CONTROL].fd = -1;
    f->watched[COMMAND].fd = f->pidfd;
    reap(f);
}

static void handle_denied(int pid)
{
    char text[128];

    snprintf(text, sizeof(text),
             "process %d is not dumpable: its ports are not remapped: see prctl(2)", pid);
    print(text);
}

static void handle_message(struct foreground *f)
{
    struct supervisor_message m;

    if (recv(f->watched[CONTROL].fd, &m, sizeof(m), 0) != sizeof(m)) {
        handle_lost_supervisor(f);
        return;
    }
    if (m.event == SUPERVISOR_DENIED)
        handle_denied(m.value);
    if (m.event != SUPERVISOR_STATUS)
        return;
    if (WIFSTOPPED(m.value)) {
        kill(getpid(), SIGSTOP);
    } else if (WIFEXITED(m.value) || WIFSIGNALED(m.value)) {
        f->status = m.value;
        if (m.is_last) /* the supervisor ends now: leave nothing of it behind */
            waitpid(f->supervisor, NULL, 0);
    }
}

/* Whether the terminal has sent the signal to the command as well. */
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
    case SIGCONT: /* a session leader alone gets these when the terminal hangs up */
        return info->ssi_code == SI_KERNEL && getsid(0) != getpid();
    default:
        return false;
    }
}

static void handle_signal(struct foreground *f)
{
    struct signalfd_siginfo info;

    if (read(f->watched[SIGNALS].fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGCHLD)
        reap(f);
    else if (!is_of_terminal(&info))
        sys_pidfd_send_signal(f->pidfd, (int)info.ssi_signo);
}

static void wait_for_end(struct foreground *f)
{
    while (f->status < 0) {
        if (poll(f->watched, WATCHED, -1) <= 0)
            continue;
        if (f->watched[CONTROL].revents != 0)
            handle_message(f);
        if (f->watched[SIGNALS].revents != 0)
            handle_signal(f);
        if (f->watched[COMMAND].revents != 0)
            handle_end(f);
    }
}

/* Waits for this message of the supervisor. Returns its value, or a negative errno. */
static int wait_for(int control, enum supervisor_event event)
{
    struct supervisor_message m;

    if (recv(control, &m, sizeof(m), 0) != sizeof(m))
        return -ECHILD;
    return m.event == event ? m.value : -m.value;
}

/* Without a second core file. */
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

/* Ends this process as the command ended: with its exit status, or by the same signal. */
_Noreturn static void end_as(int status)
{
    enum { SIGNALLED = 128 };

    if (WIFSIGNALED(status))
        die_of(WTERMSIG(status));
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status));
}

/*
 * Lets the command go on once there is a way to wait for it, forwards signals to it, and ends
 * this process as it ended, or with status 1 if its status is lost. Returns a negative errno if
 * the command was not started, or cannot be waited for.
 */
static int run_foreground(pid_t supervisor, int control)
{
    pid_t command = wait_for(control, SUPERVISOR_FORKED);
    sigset_t all;

    if (command < 0)
        return command;
    sigfillset(&all);
    signal(SIGCHLD, SIG_DFL);
    FD_OWNER int pidfd = sys_pidfd_open(command, 0);
    FD_OWNER int signals = pidfd >= 0 ? signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
    if (signals < 0)
        return -errno;
    fd_send(control, 0);
    int failure = wait_for(control, SUPERVISOR_STARTED);
    if (failure != 0)
        return failure;

    struct foreground f = {
        .watched = {[CONTROL] = {.fd = control, .events = POLLIN},
                    [SIGNALS] = {.fd = signals, .events = POLLIN},
                    [COMMAND] = {.fd = -1, .events = POLLIN}},
        .supervisor = supervisor,
        .command = command,
        .pidfd = pidfd,
        .status = -1,
    };
    int kept[] = {control, pidfd, signals};
    fd_drop_standard(STDOUT_FILENO);
    fd_close_others(kept, sizeof(kept) / sizeof(kept[0]));
    wait_for_end(&f);
    end_as(f.status);
}

/* ---- all three ---- */

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
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t supervisor = fork();
    if (supervisor == 0) {
        fd_close(&control);
        supervisor_run(to_foreground, run_command, &p);
    }
    failure = -errno;
    fd_close(&to_foreground);
    if (supervisor > 0) {
        failure = run_foreground(supervisor, control);
        fd_close(&control); /* the supervisor then ends the command */
        waitpid(supervisor, NULL, 0);
    }
    prctl(PR_SET_CHILD_SUBREAPER, is_subreaper);
    sigaction(SIGCHLD, &p.sigchld, NULL);
    sigprocmask(SIG_SETMASK, &p.mask, NULL);
    return failure;
}

/*
 * The process that was called, and that somebody waits for: it takes messages of the
 * supervisor and signals, until the command has ended. The command is the supervisor's child,
 * unless that one has been killed: then it is ours (PR_SET_CHILD_SUBREAPER).
 */
#include "notify/front.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/inherited_fds.h"
#include "notify/socketpair.h"
#include "notify/supervisor.h"
#include "translate/report.h"
#include "translate/settings.h"

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
    else if (!is_of_terminal(&info))
        syscall(SYS_pidfd_send_signal, f->pidfd, info.ssi_signo, NULL, 0);
}

/* To our own standard error, or the log's file, as the settings have it. */
static void complain(struct report_line *line)
{
    const struct settings *settings = settings_get();
    const struct config *config = settings != NULL ? &settings->config : NULL;

    if (report_wants(config, LEVEL_ERROR))
        report_finish(line, config);
}

static void lose_supervisor(struct front *f)
{
    struct report_line line;

    report_start(&line);
    text_string(&line.text, "the supervisor of this run was killed: what binds or connects in it "
                            "fails from now on: start it anew");
    complain(&line);
    f->watched[CONTROL].fd = -1;
    f->watched[COMMAND].fd = f->pidfd;
    reap(f);
}

static void tell_of_denial(int pid)
{
    struct report_line line;

    report_start(&line);
    text_string(&line.text, "process ");
    text_number(&line.text, (unsigned long)pid);
    text_string(&line.text, " lets nobody look into it: what it binds stays as it is: see "
                            "PR_SET_DUMPABLE in prctl(2)");
    complain(&line);
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

int front_wait(pid_t supervisor, int control, int *status)
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
    inherited_fds_drop_standard(STDOUT_FILENO);
    inherited_fds_close_others(kept, sizeof(kept) / sizeof(kept[0]));
    socketpair_send(control, 0);
    wait_for_end(&f);
    *status = f.status;
    return 0;
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

_Noreturn void front_end_as(int status)
{
    enum { SIGNALLED = 128 };

    if (WIFSIGNALED(status))
        die_of(WTERMSIG(status));
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status));
}

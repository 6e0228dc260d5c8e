/*
 * One loop waits for stopped calls, for children to reap and for the one who waits for
 * the command. All processes of the tree are the supervisor's descendants: those that
 * leave their parents (daemons) become its children. So it may look into them under Yama's
 * mode 1, and knows when the last has gone: then the listener says POLLHUP, since no filter is
 * left.
 */
#include "notify/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/engine.h"
#include "notify/handler.h"
#include "notify/process.h"
#include "notify/worker.h"

/* Linux 6.6. Not in older headers. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum { CHECK_EVERY = 200 }; /* ms, while workers are busy */

enum watched { LISTENER, CHILDREN, CONTROL, WATCHED };

struct supervisor {
    struct pollfd watched[WATCHED]; /* fd is -1 for what has ended */
    pid_t command;                  /* 0 once it has ended */
    bool has_children;
};

static void tell_status(const struct supervisor *s, int status, bool is_last)
{
    const struct supervisor_message message = {SUPERVISOR_STATUS, status, is_last};

    if (s->watched[CONTROL].fd >= 0)
        (void)send(s->watched[CONTROL].fd, &message, sizeof(message), MSG_NOSIGNAL);
}

/* ---- stopped calls ---- */

static void (*const HANDLERS[])(struct stopped *) = {
    [STOPPED_BIND] = handler_bind,
    [STOPPED_CONNECT] = handler_connect,
    [STOPPED_GETSOCKNAME] = handler_getsockname,
    [STOPPED_GETPEERNAME] = handler_getpeername,
    [STOPPED_SENDTO] = handler_sendto,
    [STOPPED_OTHER] = stopped_continue,
};

static void handle_call(int listener)
{
    struct stopped stopped;

    if (!stopped_take(&stopped, listener))
        return;
    const struct process *process = stopped.tid != 0 ? process_of(stopped.tid) : NULL;
    if (process == NULL) {
        stopped_continue(&stopped);
        return;
    }
    engine_handle(process);
    HANDLERS[stopped.call](&stopped);
}

/* ---- children ---- */

static bool has_ended(int status)
{
    return WIFEXITED(status) || WIFSIGNALED(status);
}

/* Whether no process has the filter any more. */
static bool is_listener_over(const struct supervisor *s)
{
    struct pollfd listener = {.fd = s->watched[LISTENER].fd};
    return listener.fd < 0 || (poll(&listener, 1, 0) == 1 && (listener.revents & POLLHUP) != 0);
}

static void reap(struct supervisor *s)
{
    int status, last = 0;
    bool is_over = false;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (pid != s->command)
            continue;
        is_over = has_ended(status);
        last = status;
        if (!is_over)
            tell_status(s, status, false);
    }
    s->has_children = pid == 0;
    if (is_over) {
        s->command = 0;
        tell_status(s, last, !s->has_children && is_listener_over(s));
    }
}

static void take_signal(struct supervisor *s)
{
    struct signalfd_siginfo info;

    if (read(s->watched[CHILDREN].fd, &info, sizeof(info)) > 0)
        reap(s);
}

/* Who waited for the command was killed, as the command would have been without us. */
static void lose_control(struct supervisor *s)
{
    if (s->command != 0)
        kill(s->command, SIGKILL);
    close(s->watched[CONTROL].fd);
    s->watched[CONTROL].fd = -1;
}

/* ---- the loop ---- */

static void step(struct supervisor *s)
{
    int ready = poll(s->watched, WATCHED, worker_is_busy() ? CHECK_EVERY : -1);

    if (worker_is_busy())
        worker_check();
    if (ready <= 0)
        return;
    if ((s->watched[LISTENER].revents & POLLIN) != 0)
        handle_call(s->watched[LISTENER].fd);
    else if (s->watched[LISTENER].revents != 0)
        s->watched[LISTENER].fd = -1;
    if (s->watched[CHILDREN].revents != 0)
        take_signal(s);
    if ((s->watched[CONTROL].revents & (POLLHUP | POLLERR)) != 0)
        lose_control(s);
}

void supervisor_run(int listener, int control, pid_t command)
{
    struct supervisor s = {.command = command, .has_children = true};
    uint64_t flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
    sigset_t children;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    s.watched[LISTENER] = (struct pollfd){.fd = listener, .events = POLLIN};
    s.watched[CHILDREN] = (struct pollfd){.fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK),
                                          .events = POLLIN};
    s.watched[CONTROL] = (struct pollfd){.fd = control};
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
    engine_start();
    while (s.watched[LISTENER].fd >= 0 || s.has_children)
        step(&s);
}

/*
 * All processes of the tree are descendants of the supervisor: a daemon that leaves its parent
 * becomes its child. So it may access them under Yama 1.
 *
 * There are two threads. The main thread handles stopped calls, one after the other, and nothing
 * else: a poll(2) in between would make each call slower. The monitor thread reaps children,
 * watches the foreground process, and sees when the last process of the tree has ended: the
 * listener then reports POLLHUP, as no process has the filter any more.
 */
#include "notify/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/engine.h"
#include "notify/filter.h"
#include "notify/handler.h"
#include "notify/process.h"

enum watched { LISTENER, CHILDREN, CONTROL, WATCHED };

struct supervisor {
    int control;
    struct pollfd watched[WATCHED]; /* the monitor's; fd is -1 for what has ended */
    pid_t command;                  /* 0 once it has ended */
    bool has_children;
};

static void tell(const struct supervisor *s, enum supervisor_event event, int value, bool is_last)
{
    const struct supervisor_message message = {event, value, is_last};
    int flags = MSG_NOSIGNAL;

    if (event == SUPERVISOR_DENIED) /* may be lost, but must not block */
        flags |= MSG_DONTWAIT;
    (void)send(s->control, &message, sizeof(message), flags);
}

/* ---- stopped calls ---- */

/* Whether no process has the filter any more. */
static bool has_hung_up(int listener)
{
    struct pollfd watched = {.fd = listener};
    return listener < 0 || (poll(&watched, 1, 0) == 1 && (watched.revents & POLLHUP) != 0);
}

/* Once for calls in a row: a process may try again and again. */
static void tell_denied(const struct supervisor *s, pid_t pid)
{
    static pid_t last;

    if (pid != last)
        tell(s, SUPERVISOR_DENIED, pid, false);
    last = pid;
}

static void handle_call(const struct supervisor *s, int listener)
{
    struct notification n;

    if (!notification_receive(&n, listener)) {
        while (has_hung_up(listener)) /* the monitor ends this process */
            pause();
        return;
    }
    const struct process *process = n.tid != 0 ? process_of(n.tid) : NULL;
    if (process == NULL) {
        notification_continue(&n);
        return;
    }
    engine_handle(process);
    handler_run(&n);
    if (n.is_denied)
        tell_denied(s, process->pid);
}

/* ---- the monitor ---- */

static void reap(struct supervisor *s)
{
    int status, last = 0;
    bool has_ended = false;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (pid != s->command)
            continue;
        has_ended = WIFEXITED(status) || WIFSIGNALED(status);
        last = status;
        if (!has_ended)
            tell(s, SUPERVISOR_STATUS, status, false);
    }
    s->has_children = pid == 0;
    if (has_ended) {
        bool is_last = !s->has_children && has_hung_up(s->watched[LISTENER].fd);
        s->command = 0;
        tell(s, SUPERVISOR_STATUS, last, is_last);
    }
}

static void handle_child(struct supervisor *s)
{
    struct signalfd_siginfo info;

    if (read(s->watched[CHILDREN].fd, &info, sizeof(info)) > 0)
        reap(s);
}

/* The foreground process was killed. Without us, that would have been the command. */
static void handle_lost_foreground(struct supervisor *s)
{
    if (s->command != 0)
        kill(s->command, SIGKILL);
    s->watched[CONTROL].fd = -1;
}

static void *monitor(void *data)
{
    struct supervisor *s = data;

    while (s->watched[LISTENER].fd >= 0 || s->has_children) {
        if (poll(s->watched, WATCHED, -1) <= 0)
            continue;
        if (s->watched[CHILDREN].revents != 0)
            handle_child(s);
        if (s->watched[CONTROL].revents != 0)
            handle_lost_foreground(s);
        if (s->watched[LISTENER].revents != 0)
            s->watched[LISTENER].fd = -1;
    }
    _exit(EXIT_SUCCESS);
}

/* Its stack is small: the command's limits apply. Returns 0 or a negative errno. */
static int start_monitor(struct supervisor *s)
{
    enum { STACK = 128 * 1024 };
    pthread_attr_t attributes;
    pthread_t thread;

    int failure = pthread_attr_init(&attributes);
    if (failure != 0)
        return -failure;
    pthread_attr_setstacksize(&attributes, STACK);
    failure = pthread_create(&thread, &attributes, monitor, s);
    pthread_attr_destroy(&attributes);
    return -failure;
}

/* ---- from start to end ---- */

static struct supervisor supervisor;

int supervisor_start(int listener, int control, pid_t command)
{
    struct supervisor *s = &supervisor;
    uint64_t flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
    sigset_t children;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        return -errno;
    *s = (struct supervisor){
        .control = control,
        .watched = {[LISTENER] = {.fd = listener}, /* POLLHUP alone */
                    [CHILDREN] = {.fd = signals, .events = POLLIN},
                    [CONTROL] = {.fd = control}},
        .command = command,
        .has_children = true,
    };
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
    engine_start();
    return start_monitor(s);
}

_Noreturn void supervisor_run(int listener)
{
    (void)unshare(CLONE_FILES); /* a descriptor table that threads share makes calls slower */
    handler_start();
    for (;;)
        handle_call(&supervisor, listener);
}

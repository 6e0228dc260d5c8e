/*
 * All processes of the tree are the supervisor's descendants: those that leave their
 * parents (daemons) become its children. So it may look into them under Yama's mode 1.
 *
 * One thread does nothing but handle stopped calls, one by one: what it costs to ask
 * in between whether there is something else to do, each of them would pay. The other, the
 * keeper, reaps children, hears of the one who waits for the command, and sees when the last
 * of the tree has gone: then the listener says POLLHUP, since no filter is left.
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
#include "notify/handler.h"
#include "notify/process.h"
#include "notify/uapi.h"

enum watched { LISTENER, CHILDREN, CONTROL, WATCHED };

struct supervisor {
    int control;
    struct pollfd watched[WATCHED]; /* the keeper's; fd is -1 for what has ended */
    pid_t command;                  /* 0 once it has ended */
    bool has_children;
};

static void tell(const struct supervisor *s, enum supervisor_event event, int value, bool is_last)
{
    const struct supervisor_message message = {event, value, is_last};
    int flags = MSG_NOSIGNAL;

    if (event == SUPERVISOR_DENIED) /* which may be lost, where nobody reads */
        flags |= MSG_DONTWAIT;
    (void)send(s->control, &message, sizeof(message), flags);
}

/* ---- stopped calls ---- */

/* Whether no process has the filter any more; -1 is a listener of which that is known. */
static bool is_over(int listener)
{
    struct pollfd watched = {.fd = listener};
    return listener < 0 || (poll(&watched, 1, 0) == 1 && (watched.revents & POLLHUP) != 0);
}

/* Once in a row: it may be that it asks again and again. */
static void tell_of_denial(const struct supervisor *s, pid_t pid)
{
    static pid_t told;

    if (pid != told)
        tell(s, SUPERVISOR_DENIED, pid, false);
    told = pid;
}

static void handle_call(const struct supervisor *s, int listener)
{
    struct notification stopped;

    if (!notification_receive(&stopped, listener)) {
        while (is_over(listener)) /* some kernels say so at once, others when there is a call */
            pause();
        return;
    }
    const struct process *process = stopped.tid != 0 ? process_of(stopped.tid) : NULL;
    if (process == NULL) {
        notification_continue(&stopped);
        return;
    }
    engine_handle(process);
    handler_run(&stopped);
    if (stopped.is_denied)
        tell_of_denial(s, process->pid);
}

/* ---- children ---- */

static bool has_ended(int status)
{
    return WIFEXITED(status) || WIFSIGNALED(status);
}

static void reap(struct supervisor *s)
{
    int status, last = 0;
    bool is_end = false;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (pid != s->command)
            continue;
        is_end = has_ended(status);
        last = status;
        if (!is_end)
            tell(s, SUPERVISOR_STATUS, status, false);
    }
    s->has_children = pid == 0;
    if (is_end) {
        s->command = 0;
        tell(s, SUPERVISOR_STATUS, last, !s->has_children && is_over(s->watched[LISTENER].fd));
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
    s->watched[CONTROL].fd = -1;
}

/* ---- the two threads ---- */

static void *keep(void *data)
{
    struct supervisor *s = data;

    while (s->watched[LISTENER].fd >= 0 || s->has_children) {
        if (poll(s->watched, WATCHED, -1) <= 0)
            continue;
        if (s->watched[CHILDREN].revents != 0)
            take_signal(s);
        if (s->watched[CONTROL].revents != 0)
            lose_control(s);
        if (s->watched[LISTENER].revents != 0)
            s->watched[LISTENER].fd = -1;
    }
    _exit(EXIT_SUCCESS);
}

/* With a small stack: limits may be tight, and are those of the command. 0, or a negative errno. */
static int start_keeper(struct supervisor *s)
{
    enum { STACK = 128 * 1024 };
    pthread_attr_t attributes;
    pthread_t keeper;

    int failure = pthread_attr_init(&attributes);
    if (failure != 0)
        return -failure;
    pthread_attr_setstacksize(&attributes, STACK);
    failure = pthread_create(&keeper, &attributes, keep, s);
    pthread_attr_destroy(&attributes);
    return -failure;
}

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
    *s = (struct supervisor){.control = control, .command = command, .has_children = true};
    s->watched[LISTENER] = (struct pollfd){.fd = listener}; /* POLLHUP alone */
    s->watched[CHILDREN] = (struct pollfd){.fd = signals, .events = POLLIN};
    s->watched[CONTROL] = (struct pollfd){.fd = control};
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
    engine_start();
    return start_keeper(s);
}

_Noreturn void supervisor_run(int listener)
{
    (void)unshare(CLONE_FILES); /* descriptors that threads share cost each call a bit more */
    handler_start();
    for (;;)
        handle_call(&supervisor, listener);
}

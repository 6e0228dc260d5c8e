/*
 * All processes of the tree are descendants of the supervisor: a daemon that leaves its parent
 * becomes its child. So it may access them under Yama 1.
 *
 * The main thread reaps children, watches the foreground process and the threads that handle stopped
 * calls (worker.c), and sees when the last process of the tree has ended: the supervisor has no children
 * then, and the listener reports POLLHUP, as no process has the filter any more. It does not wait for
 * that while there are children: each call would have to look whether to wake it.
 */
#include "notify/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/sys.h"
#include "notify/engine.h"
#include "notify/fd.h"
#include "notify/filter.h"
#include "notify/notification.h"
#include "notify/repeat.h"
#include "notify/worker.h"

enum watched { LISTENER, CHILDREN, CONTROL, WORKERS, WATCHED };

struct supervisor {
    int listener;
    int control;                    /* to the foreground process */
    struct pollfd watched[WATCHED]; /* fd is -1 for what is not waited for */
    pid_t command;                  /* 0 once it has ended */
    bool has_children;
};

/* Sends a message to the foreground process. False if it has ended. */
static bool tell(int control, enum supervisor_event event, int value, bool is_last)
{
    const struct supervisor_message m = {event, value, is_last};
    /* This one may be lost, but must not block. */
    int flags = event == SUPERVISOR_DENIED ? MSG_NOSIGNAL | MSG_DONTWAIT : MSG_NOSIGNAL;

    return send(control, &m, sizeof(m), flags) == sizeof(m);
}

static struct supervisor supervisor;

/* Once for calls in a row: a process may try again and again. */
static void tell_denied(pid_t pid)
{
    static _Atomic pid_t last;

    if (atomic_exchange(&last, pid) != pid)
        tell(supervisor.control, SUPERVISOR_DENIED, pid, false);
}

/* ---- watching ---- */

static void reap(struct supervisor *s)
{
    bool has_ended = false;
    int status, last = 0;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (pid != s->command)
            continue;
        has_ended = WIFEXITED(status) || WIFSIGNALED(status);
        last = status;
        if (!has_ended)
            tell(s->control, SUPERVISOR_STATUS, status, false);
    }
    s->has_children = pid == 0;
    if (has_ended) {
        s->command = 0;
        tell(s->control, SUPERVISOR_STATUS, last,
             !s->has_children && filter_is_unused(s->listener));
    }
}

/* The foreground process was killed. Without us, that would have been the command. */
static void handle_lost_foreground(struct supervisor *s)
{
    if (s->command != 0)
        kill(s->command, SIGKILL);
    s->watched[CONTROL].fd = -1;
}

/* Until the tree has ended. */
_Noreturn static void watch(struct supervisor *s)
{
    struct pollfd *watched = s->watched;
    struct signalfd_siginfo info;
    eventfd_t count;
    bool has_calls = true;

    while (s->has_children || !filter_is_unused(s->listener)) {
        watched[LISTENER].fd = s->has_children ? -1 : s->listener;
        int ready = poll(watched, WATCHED, has_calls ? WORKER_CHECK_MS : -1);
        if (ready > 0 && watched[WORKERS].revents != 0)
            has_calls = eventfd_read(watched[WORKERS].fd, &count) == 0;
        if (has_calls)
            has_calls = worker_check();
        if (ready <= 0)
            continue;
        if (watched[CHILDREN].revents != 0 && read(watched[CHILDREN].fd, &info, sizeof(info)) > 0)
            reap(s);
        if (watched[CONTROL].revents != 0)
            handle_lost_foreground(s);
    }
    _exit(EXIT_SUCCESS);
}

/* ---- from start to end ---- */

/*
 * Fetches the listener from the command, and tries what handlers do. Returns a negative errno
 * on failure.
 */
static int fetch_listener(pid_t command, int from)
{
    static const int number = 1;
    int theirs, copy = 0;
    struct iovec here = {&copy, sizeof(copy)}, there = {(void *)&number, sizeof(number)};

    if (!fd_receive(from, &theirs))
        return -ECHILD;
    if (theirs < 0)
        return theirs;
    FD_OWNER int pidfd = sys_pidfd_open(command, 0);
    int listener = pidfd >= 0 ? sys_pidfd_getfd(pidfd, theirs) : -1;
    if (listener < 0 || process_vm_readv(command, &here, 1, &there, 1, 0) != sizeof(copy))
        return -errno;
    return filter_hangs_up(listener) ? listener : -EOPNOTSUPP;
}

/* Leaves the surroundings of the command, as a daemon does. */
static void detach(int control, int command)
{
    struct rlimit files;
    int kept[] = {control, command};

    setsid();
    signal(SIGPIPE, SIG_IGN);
    fd_drop_standard(STDERR_FILENO);
    fd_close_others(kept, sizeof(kept) / sizeof(kept[0]));
    /* process.c keeps a descriptor for each thread that makes calls. */
    if (chdir("/") != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* Makes ready what needs no listener: the command installs its filter meanwhile. Returns 0 or a negative errno. */
static int prepare(struct supervisor *s, int command)
{
    sigset_t children;

    detach(s->control, command);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    s->watched[CHILDREN] = (struct pollfd){
        .fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN};
    s->watched[CONTROL] = (struct pollfd){.fd = s->control};
    s->watched[WORKERS] =
        (struct pollfd){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .events = POLLIN};
    if (s->watched[CHILDREN].fd < 0 || s->watched[WORKERS].fd < 0)
        return -errno;
    notification_start();
    repeat_start();
    engine_start();
    return worker_start(
        &(struct worker_setup){.wakes = s->watched[WORKERS].fd, .denied = tell_denied});
}

/* Handles calls from then on. Returns 0 or a negative errno. */
static int begin(struct supervisor *s, int command)
{
    uint64_t flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;

    s->listener = fetch_listener(s->command, command);
    if (s->listener < 0)
        return s->listener;
    s->watched[LISTENER] = (struct pollfd){.fd = s->listener}; /* POLLHUP alone */
    (void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, flags);
    worker_listen(s->listener);
    return 0;
}

_Noreturn static void fail(int control, int error)
{
    tell(control, SUPERVISOR_FAILED, error, false);
    _exit(EXIT_FAILURE);
}

_Noreturn void supervisor_run(int control, supervisor_command *run_command, const void *data)
{
    struct supervisor *s = &supervisor;
    int to_command, to_supervisor, go;

    signal(SIGCHLD, SIG_DFL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!fd_make_pair(&to_command, &to_supervisor))
        fail(control, errno);
    pid_t command = fork();
    if (command < 0)
        fail(control, errno);
    if (command == 0) {
        close(to_command);
        close(control);
        run_command(data, to_supervisor);
    }
    close(to_supervisor);
    *s = (struct supervisor){.control = control, .command = command, .has_children = true};
    tell(control, SUPERVISOR_FORKED, command, false);
    int failure = prepare(s, to_command);
    if (failure == 0)
        failure = begin(s, to_command);
    if (failure != 0) {
        kill(command, SIGKILL);
        waitpid(command, NULL, 0);
        fail(control, -failure);
    }
    if (!fd_receive(control, &go))
        _exit(EXIT_FAILURE);
    tell(control, SUPERVISOR_STARTED, 0, false);
    fd_send(to_command, 0);
    close(to_command);
    watch(s);
}

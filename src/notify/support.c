/*
 * Three processes, since a policy may kill for a call that it forbids: this one waits; its child,
 * the trial, does what a supervisor does; and the trial's child, the target, is under a filter that
 * allows everything. They share a page, where the trial notes each step before it takes it.
 */
#include "notify/support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify/filter.h"

enum { PATIENCE_MS = 10000 };

/* What the processes share. */
struct page {
    struct support found;
    pid_t target;
    int word; /* read from the target and written to it, as a try */
};

/* Notes what is tried, for whoever is killed for it. */
static void begin(struct page *page, enum support_lack step)
{
    page->found.lack = step;
    page->found.error = 0;
}

static bool succeed(struct page *page, bool ok)
{
    if (!ok)
        page->found.error = errno;
    return ok;
}

static long seccomp(unsigned operation, unsigned long flags, void *argument)
{
    return syscall(SYS_seccomp, operation, flags, argument);
}

/* ---- the target ---- */

static int install(struct page *page)
{
    static struct sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = 1, .filter = &allow_all};

    begin(page, SUPPORT_NO_NEW_PRIVS);
    if (!succeed(page, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0))
        return -1;
    begin(page, SUPPORT_NO_LISTENER);
    int listener =
        (int)seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (!succeed(page, listener >= 0) && page->found.error == EBUSY)
        page->found.lack = SUPPORT_TAKEN;
    return listener;
}

/* Stays until the trial has gone. */
_Noreturn static void be_target(struct page *page, int trial)
{
    int listener = install(page);
    char none;

    if (listener >= 0 && write(trial, &listener, sizeof(listener)) == sizeof(listener)) {
        while (read(trial, &none, 1) < 0 && errno == EINTR) {
        }
    }
    _exit(EXIT_SUCCESS);
}

/* ---- the trial ---- */

static bool has_notification(struct page *page)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;
    struct seccomp_notif_sizes sizes;

    begin(page, SUPPORT_NO_SECCOMP);
    if (succeed(page, seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) &&
        succeed(page, seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0))
        return true;
    /* Known operations have an answer, of before Linux 4.14 and 5.0. */
    if (page->found.error == EINVAL || page->found.error == EOPNOTSUPP)
        page->found.lack = SUPPORT_NO_NOTIFICATION;
    return false;
}

/* Without a filter: flags that the kernel knows get as far as to miss it. */
static bool knows_wait_killable(void)
{
    return seccomp(SECCOMP_SET_MODE_FILTER,
                   SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                   NULL) != 0 &&
           errno == EFAULT;
}

static bool can_look_into(struct page *page)
{
    static int word;
    struct iovec here = {&page->word, sizeof(page->word)}, there = {&word, sizeof(word)};

    begin(page, SUPPORT_NO_READ);
    if (!succeed(page,
                 process_vm_readv(page->target, &here, 1, &there, 1, 0) == sizeof(page->word)))
        return false;
    begin(page, SUPPORT_NO_WRITE);
    return succeed(page,
                   process_vm_writev(page->target, &here, 1, &there, 1, 0) == sizeof(page->word));
}

static bool can_supervise(struct page *page, int number)
{
    begin(page, SUPPORT_NO_PIDFD_OPEN);
    int pidfd = (int)syscall(SYS_pidfd_open, page->target, 0);
    if (!succeed(page, pidfd >= 0))
        return false;
    begin(page, SUPPORT_NO_PIDFD_GETFD);
    int listener = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
    if (!succeed(page, listener >= 0) || !can_look_into(page))
        return false;
    page->found.sync_wake_up =
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
    return true;
}

/* Returns with the target gone. */
static bool try_all(struct page *page, int alive)
{
    int ends[2], number;

    if (!has_notification(page))
        return false;
    page->found.wait_killable = knows_wait_killable();
    begin(page, SUPPORT_NO_PROCESS);
    if (!succeed(page, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0))
        return false;
    pid_t target = fork();
    if (target == 0) {
        close(alive);
        close(ends[0]);
        be_target(page, ends[1]);
    }
    page->target = target;
    if (!succeed(page, target > 0))
        return false;
    close(ends[1]);
    bool ok =
        read(ends[0], &number, sizeof(number)) == sizeof(number) && can_supervise(page, number);
    close(ends[0]);
    while (waitpid(target, NULL, 0) < 0 && errno == EINTR) {
    }
    page->target = 0;
    return ok;
}

/* ---- who asks ---- */

static void reap(pid_t child)
{
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Waits until the other end of `alive` is closed, which the trial's end does. */
static void wait_for_end(int alive, pid_t trial)
{
    struct pollfd end = {.fd = alive, .events = POLLIN};
    int n;

    while ((n = poll(&end, 1, PATIENCE_MS)) < 0 && errno == EINTR) {
    }
    if (n <= 0)
        kill(trial, SIGKILL);
}

static void run_trial(struct page *page)
{
    int alive[2];

    if (!succeed(page, pipe2(alive, O_CLOEXEC) == 0))
        return;
    pid_t trial = fork();
    if (trial == 0) {
        close(alive[0]);
        signal(SIGCHLD, SIG_DFL);
        if (try_all(page, alive[1]))
            begin(page, SUPPORT_COMPLETE);
        _exit(EXIT_SUCCESS);
    }
    succeed(page, trial > 0);
    close(alive[1]);
    if (trial > 0)
        wait_for_end(alive[0], trial);
    reap(trial);
    /* The target of a trial that was killed is ours where orphans are. */
    reap(page->target);
    close(alive[0]);
}

static int read_yama(void)
{
    char digit = '\0';
    int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    bool is_read = read(fd, &digit, 1) == 1 && digit >= '0' && digit <= '9';
    close(fd);
    return is_read ? digit - '0' : -1;
}

bool support_find(struct support *s)
{
    struct page *page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *s = (struct support){.lack = SUPPORT_NO_PROCESS, .error = errno};
    if (page != MAP_FAILED) {
        begin(page, SUPPORT_NO_PROCESS);
        run_trial(page);
        *s = page->found;
        munmap(page, sizeof(*page));
    }
    s->yama = read_yama();
    return s->lack == SUPPORT_COMPLETE;
}

/* ---- texts ---- */

static const struct {
    const char *call, *since;
} NEEDS[] = {
    [SUPPORT_COMPLETE] = {"", ""},
    [SUPPORT_NO_PROCESS] = {"a child process for a trial", ""},
    [SUPPORT_NO_SECCOMP] = {"seccomp(2)", "5.0"},
    [SUPPORT_NO_NOTIFICATION] = {"seccomp's user notification", "5.0"},
    [SUPPORT_NO_NEW_PRIVS] = {"no_new_privs (prctl(2))", "3.5"},
    [SUPPORT_NO_LISTENER] = {"a seccomp filter with a listener", "5.0"},
    [SUPPORT_TAKEN] = {"", ""},
    [SUPPORT_NO_PIDFD_OPEN] = {"pidfd_open(2)", "5.3"},
    [SUPPORT_NO_PIDFD_GETFD] = {"pidfd_getfd(2)", "5.6"},
    [SUPPORT_NO_READ] = {"process_vm_readv(2)", "3.2"},
    [SUPPORT_NO_WRITE] = {"process_vm_writev(2)", "3.2"},
};

/* Where Yama is the likely reason: it lets none but root, or nobody, look into a process. */
static bool is_yama(const struct support *s)
{
    return s->yama >= 2 && s->error == EPERM && s->lack >= SUPPORT_NO_PIDFD_GETFD;
}

static bool is_forbidden(const struct support *s)
{
    return s->error == EPERM || s->error == EACCES || s->error == 0;
}

static bool is_absent(const struct support *s)
{
    return s->error == ENOSYS || s->lack == SUPPORT_NO_NOTIFICATION;
}

void support_text(const struct support *s, struct text *t)
{
    if (s->lack == SUPPORT_COMPLETE)
        return;
    if (s->lack == SUPPORT_TAKEN) {
        text_string(t, "a seccomp listener has this tree already, remap's or a container's");
        return;
    }
    if (is_yama(s)) {
        text_string(t, "Yama lets no program look into another (kernel.yama.ptrace_scope is ");
        text_number(t, (unsigned long)s->yama);
        text_char(t, ')');
        return;
    }
    text_string(t, NEEDS[s->lack].call);
    if (s->lack == SUPPORT_NO_PROCESS || !(is_forbidden(s) || is_absent(s))) {
        text_string(t, " fails: ");
        text_string(t, strerror(s->error));
    } else {
        text_string(t, is_absent(s) ? " is not there" : " is forbidden here");
    }
}

void support_way_out(const struct support *s, struct text *t)
{
    if (s->lack == SUPPORT_COMPLETE)
        return;
    if (s->lack == SUPPORT_TAKEN) {
        text_string(t, "start it outside of that tree");
    } else if (is_yama(s)) {
        text_string(t, s->yama == 2
                           ? "sysctl kernel.yama.ptrace_scope=1, as root"
                           : "start the system with a lower value, 3 cannot be taken back");
    } else if (s->lack == SUPPORT_NO_PROCESS) {
        text_string(t, "see the limits of processes, files and memory");
    } else if (is_absent(s)) {
        text_string(t, "take Linux ");
        text_string(t, NEEDS[s->lack].since);
        text_string(t, " or newer; or it is a container's seccomp policy that hides it");
    } else if (is_forbidden(s)) {
        text_string(t, "have the container's seccomp policy, or the security module, allow it");
    } else {
        text_string(t, "see the system's log");
    }
}

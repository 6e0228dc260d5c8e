/*
 * A security policy may kill a process for a call that it forbids. So there are three processes.
 * The caller waits. Its child, the tester, does what a supervisor does. The tester's child, the
 * target, installs a filter that allows everything. They share a page, which says at any time
 * what is being tried.
 */
#include "notify/support.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/procfs.h"
#include "linux/sys.h"
#include "notify/fd.h"
#include "notify/filter.h"

struct page {
    struct support found;
    pid_t target;
    int word; /* read from the target, and written to it */
};

static struct page *page;

/* ---- steps ---- */

static void begin(enum support_lack step)
{
    page->found.lack = step;
    page->found.error = 0;
}

static bool end(bool is_ok)
{
    if (!is_ok)
        page->found.error = errno;
    return is_ok;
}

/* Tries a step: whether the condition holds. The page then has the step, and errno if it fails. */
#define TRY(step, condition) (begin(step), end(condition))

/* Renames the step that has failed with `error`. */
static void rename_if(int error, enum support_lack step)
{
    if (page->found.error == error)
        page->found.lack = step;
}

/* Has this process end if something does not return. */
static void limit_time(void)
{
    enum { SECONDS = 10 };
    sigset_t none;

    signal(SIGALRM, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    alarm(SECONDS);
}

/* ---- the target ---- */

static int install_filter(void)
{
    static struct sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
    struct sock_fprog program = {.len = 1, .filter = &allow_all};
    int listener = -1;

    if (TRY(SUPPORT_NO_NEW_PRIVS, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) &&
        !TRY(SUPPORT_NO_LISTENER,
             (listener = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &program)) >= 0))
        rename_if(EBUSY, SUPPORT_TAKEN);
    return listener;
}

/* Stays until the tester has ended. */
_Noreturn static void run_target(int tester)
{
    limit_time();
    int listener = install_filter(), none;

    if (listener >= 0 && fd_send(tester, listener))
        (void)!fd_receive(tester, &none);
    _exit(EXIT_SUCCESS);
}

/* ---- the tester ---- */

static bool has_notification(void)
{
    uint32_t action = SECCOMP_RET_USER_NOTIF;
    struct seccomp_notif_sizes sizes = {0};

    if (TRY(SUPPORT_NO_SECCOMP, sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 &&
                                    sys_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0))
        return true;
    /* An operation that the kernel does not know, before Linux 5.0 and 4.14. */
    rename_if(EINVAL, SUPPORT_NO_NOTIFICATION);
    rename_if(EOPNOTSUPP, SUPPORT_NO_NOTIFICATION);
    return false;
}

/* `number` is the listener's in the target. */
static bool can_supervise(int number)
{
    static int word;
    const ssize_t size = sizeof(word);
    struct iovec here = {&page->word, sizeof(word)}, there = {&word, sizeof(word)};
    FD_OWNER int pidfd = -1, listener = -1;

    if (!TRY(SUPPORT_NO_PIDFD_OPEN, (pidfd = sys_pidfd_open(page->target, 0)) >= 0) ||
        !TRY(SUPPORT_NO_PIDFD_GETFD, (listener = sys_pidfd_getfd(pidfd, number)) >= 0) ||
        !TRY(SUPPORT_NO_HANG_UP, filter_hangs_up(listener)) ||
        !TRY(SUPPORT_NO_READ, process_vm_readv(page->target, &here, 1, &there, 1, 0) == size) ||
        !TRY(SUPPORT_NO_WRITE, process_vm_writev(page->target, &here, 1, &there, 1, 0) == size))
        return false;
    page->found.sync_wake_up =
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
    return true;
}

static bool test(void)
{
    FD_OWNER int to_target = -1, to_tester = -1;
    pid_t target = -1;
    int number;

    if (!has_notification())
        return false;
    page->found.wait_killable = filter_waits_killable();
    if (!TRY(SUPPORT_NO_PROCESS, fd_make_pair(&to_target, &to_tester) && (target = fork()) >= 0))
        return false;
    if (target == 0) {
        fd_close(&to_target);
        run_target(to_tester);
    }
    page->target = target;
    fd_close(&to_tester);
    bool is_ok = fd_receive(to_target, &number) && can_supervise(number);
    fd_close(&to_target);
    waitpid(target, NULL, 0);
    page->target = 0;
    return is_ok;
}

/* ---- the caller ---- */

static void run_test(void)
{
    pid_t tester = -1;

    if (!TRY(SUPPORT_NO_PROCESS, (tester = fork()) >= 0))
        return;
    if (tester == 0) {
        signal(SIGCHLD, SIG_DFL);
        limit_time();
        if (test())
            begin(SUPPORT_COMPLETE);
        _exit(EXIT_SUCCESS);
    }
    waitpid(tester, NULL, 0);
    /* If the tester was killed, the target may be our child (PR_SET_CHILD_SUBREAPER). */
    if (page->target > 0)
        waitpid(page->target, NULL, 0);
}

bool support_find(struct support *s)
{
    page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *s = (struct support){.lack = SUPPORT_NO_PROCESS, .error = errno};
    if (page != MAP_FAILED) {
        run_test();
        *s = page->found;
        munmap(page, sizeof(*page));
    }
    s->yama = (int)procfs_setting("/proc/sys/kernel/yama/ptrace_scope", UINT64_MAX);
    return s->lack == SUPPORT_COMPLETE;
}

/* ---- texts ---- */

static const char *const NEEDS[] = {
    [SUPPORT_COMPLETE] = "",
    [SUPPORT_NO_PROCESS] = "fork(2)",
    [SUPPORT_NO_SECCOMP] = "seccomp(2)",
    [SUPPORT_NO_NOTIFICATION] = "seccomp user notification",
    [SUPPORT_NO_NEW_PRIVS] = "PR_SET_NO_NEW_PRIVS of prctl(2)",
    [SUPPORT_NO_LISTENER] = "a seccomp filter with a listener",
    [SUPPORT_TAKEN] = "this tree",
    [SUPPORT_NO_PIDFD_OPEN] = "pidfd_open(2)",
    [SUPPORT_NO_PIDFD_GETFD] = "pidfd_getfd(2)",
    [SUPPORT_NO_HANG_UP] = "POLLHUP of a seccomp listener",
    [SUPPORT_NO_READ] = "process_vm_readv(2)",
    [SUPPORT_NO_WRITE] = "process_vm_writev(2)",
};

enum reason { NONE, TAKEN, YAMA, YAMA_LOCKED, LIMIT, FAILED, ABSENT, FORBIDDEN };

/* `text` comes after the name of what is missing, or instead of it. */
static const struct {
    const char *text, *way_out;
} REASONS[] = {
    [NONE] = {"", ""},
    [TAKEN] = {" already has a seccomp listener, of remap or of a container",
               "start it outside that tree"},
    [YAMA] = {"this kernel lets no user but root examine a process (kernel.yama.ptrace_scope is 2)",
              "as root, run sysctl kernel.yama.ptrace_scope=1"},
    [YAMA_LOCKED] = {"this kernel lets no process examine another (kernel.yama.ptrace_scope is 3)",
                     "reboot with a lower value"},
    [LIMIT] = {" fails: ", "check the limits on processes, files and memory"},
    [FAILED] = {" fails: ", "check the system log"},
    [ABSENT] = {" is not available",
                "allow it in the container's seccomp policy, or use Linux 5.9 or newer"},
    [FORBIDDEN] = {" is forbidden",
                   "allow it in the container's seccomp policy or the security module"},
};

static enum reason reason_of(const struct support *s)
{
    if (s->lack == SUPPORT_COMPLETE)
        return NONE;
    if (s->lack == SUPPORT_TAKEN)
        return TAKEN;
    if (s->lack == SUPPORT_NO_PROCESS)
        return LIMIT;
    if (s->lack >= SUPPORT_NO_PIDFD_GETFD && s->error == EPERM && s->yama >= 2)
        return s->yama == 2 ? YAMA : YAMA_LOCKED;
    if (s->lack == SUPPORT_NO_NOTIFICATION || s->lack == SUPPORT_NO_HANG_UP || s->error == ENOSYS)
        return ABSENT;
    return s->error == EPERM || s->error == EACCES || s->error == 0 ? FORBIDDEN : FAILED;
}

void support_text(const struct support *s, struct text *t)
{
    enum reason reason = reason_of(s);

    if (reason != YAMA && reason != YAMA_LOCKED)
        text_string(t, NEEDS[s->lack]);
    text_string(t, REASONS[reason].text);
    if (reason == LIMIT || reason == FAILED)
        text_string(t, strerror(s->error));
}

void support_way_out(const struct support *s, struct text *t)
{
    text_string(t, REASONS[reason_of(s)].way_out);
}

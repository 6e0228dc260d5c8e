#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>

#include "notify/support.h"

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* What is found depends on the system, and on valgrind; tests/e2e/doctor forbids calls. */
TEST(leaves_nothing)
{
    struct support s;
    int before = count_descriptors();

    for (int i = 0; i < 3; i++) {
        bool is_complete = support_find(&s);
        assert_int_equal(is_complete, s.lack == SUPPORT_COMPLETE);
    }
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
}

static const struct {
    struct support s;
    const char *text, *way_out;
} CASES[] = {
    {{.lack = SUPPORT_COMPLETE}, "", ""},
    {{.lack = SUPPORT_TAKEN, .error = EBUSY},
     "this tree already has a seccomp listener, of remap or of a container",
     "start it outside that tree"},
    {{.lack = SUPPORT_NO_PIDFD_GETFD, .error = EPERM, .yama = 2},
     "this kernel lets no user but root examine a process (kernel.yama.ptrace_scope is 2)",
     "as root, run sysctl kernel.yama.ptrace_scope=1"},
    {{.lack = SUPPORT_NO_READ, .error = EPERM, .yama = 3},
     "this kernel lets no process examine another (kernel.yama.ptrace_scope is 3)",
     "reboot with a lower value"},
    {{.lack = SUPPORT_NO_PIDFD_GETFD, .error = EPERM, .yama = 1},
     "pidfd_getfd(2) is forbidden",
     "allow it in the container's seccomp policy or the security module"},
    {{.lack = SUPPORT_NO_SECCOMP, .error = EPERM, .yama = 2},
     "seccomp(2) is forbidden",
     "allow it in the container's seccomp policy or the security module"},
    {{.lack = SUPPORT_NO_WRITE, .error = 0}, /* killed */
     "process_vm_writev(2) is forbidden",
     "allow it in the container's seccomp policy or the security module"},
    {{.lack = SUPPORT_NO_PIDFD_GETFD, .error = ENOSYS},
     "pidfd_getfd(2) is not available",
     "allow it in the container's seccomp policy, or use Linux 5.9 or newer"},
    {{.lack = SUPPORT_NO_NOTIFICATION, .error = EINVAL},
     "seccomp user notification is not available",
     "allow it in the container's seccomp policy, or use Linux 5.9 or newer"},
    {{.lack = SUPPORT_NO_HANG_UP, .error = EINVAL},
     "POLLHUP of a seccomp listener is not available",
     "allow it in the container's seccomp policy, or use Linux 5.9 or newer"},
    {{.lack = SUPPORT_NO_PROCESS, .error = EAGAIN},
     "fork(2) fails: Resource temporarily unavailable",
     "check the limits on processes, files and memory"},
    {{.lack = SUPPORT_NO_LISTENER, .error = ENOMEM},
     "a seccomp filter with a listener fails: Cannot allocate memory",
     "check the system log"},
};

TEST(texts)
{
    char buf[256];
    struct text text;

    for (size_t i = 0; i < COUNT(CASES); i++) {
        text_init(&text, buf, sizeof(buf));
        support_text(&CASES[i].s, &text);
        assert_string_equal(buf, CASES[i].text);
        text_init(&text, buf, sizeof(buf));
        support_way_out(&CASES[i].s, &text);
        assert_string_equal(buf, CASES[i].way_out);
    }
}

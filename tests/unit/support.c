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

/* What there is depends on the system, and on valgrind; tests/e2e/doctor takes things away. */
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
     "a seccomp listener has this tree already, remap's or a container's",
     "start it outside of that tree"},
    {{.lack = SUPPORT_NO_PIDFD_GETFD, .error = EPERM, .yama = 2},
     "Yama lets no program look into another (kernel.yama.ptrace_scope is 2)",
     "sysctl kernel.yama.ptrace_scope=1, as root"},
    {{.lack = SUPPORT_NO_READ, .error = EPERM, .yama = 3},
     "Yama lets no program look into another (kernel.yama.ptrace_scope is 3)",
     "start the system with a lower value, 3 cannot be taken back"},
    {{.lack = SUPPORT_NO_PIDFD_GETFD, .error = EPERM, .yama = 1},
     "pidfd_getfd(2) is forbidden here",
     "have the container's seccomp policy, or the security module, allow it"},
    {{.lack = SUPPORT_NO_SECCOMP, .error = EPERM, .yama = 2},
     "seccomp(2) is forbidden here",
     "have the container's seccomp policy, or the security module, allow it"},
    {{.lack = SUPPORT_NO_WRITE, .error = 0}, /* killed */
     "process_vm_writev(2) is forbidden here",
     "have the container's seccomp policy, or the security module, allow it"},
    {{.lack = SUPPORT_NO_PIDFD_GETFD, .error = ENOSYS},
     "pidfd_getfd(2) is not there",
     "take Linux 5.6 or newer; or it is a container's seccomp policy that hides it"},
    {{.lack = SUPPORT_NO_NOTIFICATION, .error = EINVAL},
     "seccomp's user notification is not there",
     "take Linux 5.0 or newer; or it is a container's seccomp policy that hides it"},
    {{.lack = SUPPORT_NO_PROCESS, .error = EAGAIN},
     "a child process for a trial fails: Resource temporarily unavailable",
     "see the limits of processes, files and memory"},
    {{.lack = SUPPORT_NO_LISTENER, .error = ENOMEM},
     "a seccomp filter with a listener fails: Cannot allocate memory",
     "see the system's log"},
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

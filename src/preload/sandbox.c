#include "preload/sandbox.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>

#include "core/hot.h"
#include "linux/sys.h"
#include "preload/calls.h"
#include "preload/exec.h"
#include "translate/engine.h"
#include "translate/shared_registry.h"

/*
 * Asks for all that is remembered. Returns false in a child of vfork(2): its parent, whose memory
 * it has, gets no filter.
 */
static bool prepare(void)
{
    char name[16];

    shared_registry_prepare();
    engine_program(name);
    (void)engine_pid_namespace();
    return engine_pid() == sys_getpid();
}

static void seal_if(bool is_installed)
{
    if (is_installed)
        sys_seal();
}

COLD int sandbox_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
                       unsigned long d)
{
    bool is_filter = option == PR_SET_SECCOMP && prepare();
    int result = exec_next.prctl(option, a, b, c, d);

    seal_if(is_filter && result == 0);
    return result;
}

COLD long sandbox_seccomp(unsigned operation, unsigned flags, void *arguments)
{
    bool is_filter =
        (operation == SECCOMP_SET_MODE_STRICT || operation == SECCOMP_SET_MODE_FILTER) && prepare();
    long result = calls_next_syscall(SYS_seccomp, (long)operation, (long)flags, (long)arguments);
    bool is_listener = result > 0 && (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0;

    seal_if(is_filter && (result == 0 || is_listener));
    return result;
}

/* Files that are open stay so. */
COLD long sandbox_landlock_restrict_self(int ruleset, unsigned flags)
{
    (void)prepare();
    return calls_next_syscall(SYS_landlock_restrict_self, ruleset, (long)flags, 0);
}

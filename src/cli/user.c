#include "cli/user.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <paths.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/message.h"
#include "linux/sys.h"

/* The group of a number that belongs to no user. */
enum { NOGROUP = 65534 };

struct user user_find(const char *user, int status)
{
    char *end;
    unsigned long number = strtoul(user, &end, 10);
    bool is_number = *user >= '0' && *user <= '9' && *end == '\0' && number < UINT32_MAX;
    const struct passwd *entry = getpwnam(user);

    if (entry == NULL && is_number)
        entry = getpwuid((uid_t)number);
    if (entry == NULL && !is_number)
        message_die(status, "there is no user '%s': see 'getent passwd'", user);
    if (entry == NULL)
        return (struct user){(uid_t)number, NOGROUP, NULL, "/", _PATH_BSHELL};
    return (struct user){entry->pw_uid, entry->pw_gid, entry->pw_name, entry->pw_dir,
                         entry->pw_shell};
}

/*
 * Without the securebits, a change from root to another user clears the effective, permitted and
 * ambient sets. They may be locked, and the inheritable set stays.
 */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    return sys_call(SYS_capset, (long)&header, (long)none, 0) == 0;
}

bool user_become(const struct user *user)
{
    bool has_groups =
        user->name != NULL ? initgroups(user->name, user->gid) == 0 : setgroups(0, NULL) == 0;

    prctl(PR_SET_SECUREBITS, SECUREBITS_DEFAULT);
    return has_groups && setresgid(user->gid, user->gid, user->gid) == 0 &&
           setresuid(user->uid, user->uid, user->uid) == 0 && drop_capabilities();
}

void user_set_environment(const struct user *user)
{
    CLEANUP_FREE char *number = memory_format("%u", user->uid);
    const char *name = user->name != NULL ? user->name : number;

    setenv("HOME", user->home, 1);
    setenv("SHELL", user->shell[0] != '\0' ? user->shell : _PATH_BSHELL, 1);
    setenv("USER", name, 1);
    setenv("LOGNAME", name, 1);
}

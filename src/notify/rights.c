#include "notify/rights.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify/process.h"

enum { FIRST_FREE = 1024 }; /* the kernel's default (PROT_SOCK) */

/* Whether the supervisor has the capability. Without it, it can do no more than the program, and the rest is not known. */
static bool is_privileged;
static long first_free;
static ino_t own_users; /* the user namespace */

static bool has_capability(pid_t tid)
{
    unsigned long long set;

    return process_status(tid, "CapEff:", 16, &set) && (set >> CAP_NET_BIND_SERVICE & 1) != 0;
}

static long read_first_free(void)
{
    FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
    char line[32];
    bool is_read = file != NULL && fgets(line, sizeof(line), file) != NULL;

    if (file != NULL)
        fclose(file);
    return is_read ? strtol(line, NULL, 10) : FIRST_FREE;
}

static ino_t users_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

void rights_start(void)
{
    is_privileged = has_capability(getpid());
    if (!is_privileged)
        return;
    first_free = read_first_free();
    own_users = users_of("/proc/self/ns/user");
}

bool rights_to_bind(pid_t tid, uint16_t port, bool is_elsewhere)
{
    char path[64];

    if (!is_privileged || port == 0 || port >= first_free)
        return true;
    if (!has_capability(tid))
        return false;
    /* A capability in a user namespace below is none for a network that is of ours. */
    snprintf(path, sizeof(path), "/proc/%ld/ns/user", (long)tid);
    return is_elsewhere || users_of(path) == own_users;
}

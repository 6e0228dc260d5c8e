#include "notify/rights.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whether the supervisor has the capability: without it, it can do no more than the program. */
static bool is_privileged;
static long first_free = 1024;
static ino_t own_users; /* the user namespace */

/* The number behind `name` in a file of lines, in `base`; `otherwise` where it is not to be had. */
static unsigned long long read_number(const char *path, const char *name, int base,
                                      unsigned long long otherwise)
{
    FILE *file = fopen(path, "re");
    unsigned long long number = otherwise;
    char line[128];

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            number = strtoull(line + strlen(name), NULL, base);
            break;
        }
    }
    if (file != NULL)
        fclose(file);
    return number;
}

static bool has_capability(const char *status)
{
    return (read_number(status, "CapEff:", 16, 0) >> CAP_NET_BIND_SERVICE & 1) != 0;
}

static ino_t users_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

void rights_start(void)
{
    is_privileged = has_capability("/proc/self/status");
    first_free = (long)read_number("/proc/sys/net/ipv4/ip_unprivileged_port_start", "", 10, 1024);
    own_users = users_of("/proc/self/ns/user");
}

bool rights_to_bind(pid_t tid, uint16_t port, bool is_elsewhere)
{
    char path[64];

    if (!is_privileged || port == 0 || port >= first_free)
        return true;
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)tid);
    if (!has_capability(path))
        return false;
    /* A capability in a user namespace below is none for a network that is of ours. */
    snprintf(path, sizeof(path), "/proc/%ld/ns/user", (long)tid);
    return is_elsewhere || users_of(path) == own_users;
}

#include "cli/system.h"

#include <stdio.h>
#include <unistd.h>

#include "linux/procfs.h"
#include "program/privilege.h"

void system_check_ports(struct finding *f)
{
    static const char SETTING[] = "net.ipv4.ip_unprivileged_port_start";
    long start = (long)procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", 1024);
    char way_out[64] = "";

    if (start > 1024)
        snprintf(way_out, sizeof(way_out), "choose targets from %ld up", start);
    f->is_needless = start <= SYSTEM_WEB_PORT;
    if (start <= 1)
        finding_set(f, FINDING_NOTE, "you do not need remap",
                    "any user can bind any port here (%s is %ld)", SETTING, start);
    else if (start < 1024)
        finding_set(f, FINDING_NOTE, "you do not need remap for these",
                    "any user can bind ports from %ld up here (%s)", start, SETTING);
    else
        finding_set(f, start > 1024 ? FINDING_NOTE : FINDING_OK, way_out,
                    "ports below %ld are privileged (%s)", start, SETTING);
}

void system_check_user(struct finding *f)
{
    enum privilege_to_bind privilege = privilege_to_bind();

    f->is_needless = privilege == PRIVILEGE_ROOT || privilege == PRIVILEGE_AMBIENT;
    switch (privilege) {
    case PRIVILEGE_ROOT:
        finding_set(f, FINDING_NOTE, "you do not need remap", "root can bind privileged ports");
        break;
    case PRIVILEGE_AMBIENT:
        finding_set(f, FINDING_NOTE, "you do not need remap",
                    "this user can bind privileged ports (CAP_NET_BIND_SERVICE)");
        break;
    case PRIVILEGE_ELSEWHERE:
        finding_set(f, FINDING_OK, "",
                    "root of a user namespace cannot bind privileged ports of the outer network");
        break;
    case PRIVILEGE_NONE:
        finding_set(f, FINDING_OK, "", "user %u cannot bind privileged ports", geteuid());
        break;
    }
}

/* Linux 6.6 introduced the setting. */
void system_check_io_uring(struct finding *f)
{
    long disabled = (long)procfs_setting("/proc/sys/kernel/io_uring_disabled", 0);

    if (disabled >= 2)
        finding_set(f, FINDING_OK, "", "off (kernel.io_uring_disabled is %ld)", disabled);
    else
        finding_set(f, FINDING_NOTE,
                    "configure servers not to use it, or sysctl kernel.io_uring_disabled=2",
                    "on%s: no engine catches its binds and connections",
                    disabled == 0 ? "" : " for some users");
    f->is_general = true;
}

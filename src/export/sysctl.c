/* The first port that all users may bind (ip-sysctl.rst, ip_unprivileged_port_start). */
#include "export/format.h"

static void print(const struct format_input *in, FILE *out)
{
    uint16_t lowest = 1;

    while (in->grant->ports[lowest] == 0)
        lowest++;
    fprintf(
        out,
        "# From port %u up, every user of this machine may bind every port: also while the server"
        " is\n"
        "# stopped. Save as /etc/sysctl.d/90-remap.conf, and load it:\n"
        "#   sysctl -p /etc/sysctl.d/90-remap.conf\n"
        "# To undo that:\n"
        "#   rm /etc/sysctl.d/90-remap.conf && sysctl -w net.ipv4.ip_unprivileged_port_start=1024\n"
        "net.ipv4.ip_unprivileged_port_start = %u\n",
        lowest, lowest);
}

const struct format sysctl_format = {
    .name = "sysctl",
    .summary = "a setting that lets all users bind the asked ports",
    .kind = FORMAT_GRANT,
    .has_ranges = true,
    .print = print,
};

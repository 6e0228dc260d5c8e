/*
 * A drop-in that grants the ports at each start (remap grant). A unit gets a new cgroup at each
 * start, so what is attached to it goes with a restart; BPFProgram= (systemd.resource-control(5)) would
 * need a program in bpffs, which goes with a reboot.
 */
#include "export/format.h"
#include "export/systemd_unit.h"

static const char *cannot(const struct rule *rule)
{
    return rule->proto == PROTO_SCTP ? "the kernel asks no program about SCTP" : NULL;
}

/* Without a protocol, ports are those of TCP and UDP. */
static void print_ports(const struct grant *g, FILE *out)
{
    struct grant_range range = {.proto = PROTO_ANY};
    const char *separator = "";

    while (grant_next(g, &range)) {
        if (range.proto == PROTO_SCTP)
            continue;
        fputs(separator, out);
        systemd_unit_print_ports(&range, '/', out);
        separator = ",";
    }
}

static void print(const struct format_input *in, FILE *out)
{
    systemd_unit_print_drop_in(out);
    fputs(
        "# The server starts as the user below, which needs access to its files, without a\n"
        "# capability. What it starts may bind these ports, too. It needs Linux 5.12, cgroup v2,\n"
        "# and remap where systemd finds it, as in /usr/bin. 'remap grant --list' shows it.\n"
        "[Service]\n",
        out);
    fprintf(out,
            "User=%s\n"
            "CapabilityBoundingSet=\n"
            "# As root, at each start, since the grant goes with the unit's cgroup when it stops.\n"
            "ExecStartPre=+remap grant ",
            in->options->user);
    print_ports(in->grant, out);
    fputs(" --unit %n\n", out);
    systemd_unit_print_hardening(out);
}

const struct format systemd_grant_format = {
    .name = "systemd-grant",
    .summary = "a drop-in that grants a service the asked ports",
    .kind = FORMAT_GRANT,
    .has_ranges = true,
    .has_user = true,
    .cannot_grant = cannot,
    .print = print,
};

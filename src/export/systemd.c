/* A drop-in for a service (systemd.exec(5), systemd.resource-control(5)). */
#include "export/format.h"
#include "export/systemd_unit.h"

/* SocketBindAllow= knows no SCTP, and SocketBindDeny= does not stop it. */
static void print_ports(const struct grant *g, FILE *out)
{
    struct grant_range range = {.proto = PROTO_ANY};

    while (grant_next(g, &range)) {
        if (range.proto == PROTO_SCTP)
            continue;
        fputs("SocketBindAllow=", out);
        systemd_unit_print_ports(&range, ':', out);
        fputc('\n', out);
    }
    fprintf(out, "SocketBindDeny=1-%d\n", GRANT_END - 1);
}

static void print(const struct format_input *in, FILE *out)
{
    systemd_unit_print_drop_in(out);
    fputs("# The server starts as the user below, which needs access to its files. What it\n"
          "# starts may bind these ports, too. systemd --user cannot give that right.\n"
          "[Service]\n",
          out);
    fprintf(out,
            "User=%s\n"
            "AmbientCapabilities=CAP_NET_BIND_SERVICE\n"
            "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
            "# Of the privileged ports, these only. It needs systemd 249 with BPF, and is ignored\n"
            "# elsewhere: 'systemctl --version' shows +BPF_FRAMEWORK.\n",
            in->options->user);
    print_ports(in->grant, out);
    systemd_unit_print_hardening(out);
}

const struct format systemd_format = {
    .name = "systemd",
    .summary = "a drop-in that lets a service bind the asked ports",
    .kind = FORMAT_GRANT,
    .has_ranges = true,
    .has_user = true,
    .print = print,
};

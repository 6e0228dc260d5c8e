/*
 * Rules for iptables-restore --noflush and ip6tables-restore --noflush, which both read the same
 * text: each skips the lines of the other family, which begin with -4 or -6. firewall.c explains
 * the rules. A chain that is declared is emptied first.
 */
#include "export/firewall.h"

enum { MULTIPORT_MAX = 15 }; /* ports in a rule; a range counts as two */

static void print_ports(uint16_t first, uint16_t last, FILE *out)
{
    fprintf(out, "%u", first);
    if (last != first)
        fprintf(out, ":%u", last);
}

/* ---- redirect ---- */

static void print_line(const struct redirect_line *line, const char *chain, enum proto proto,
                       bool from_local, FILE *out)
{
    char buf[FIREWALL_ADDR_MAX];

    if (line->family != AF_UNSPEC)
        fputs(line->family == AF_INET6 ? "-6 " : "-4 ", out);
    fprintf(out, "-A %s", chain);
    if (line->host.family != AF_UNSPEC)
        fprintf(out, " -d %s", firewall_addr(&line->host, buf));
    fputs(proto == PROTO_TCP ? " -p tcp --syn --dport " : " -p udp --dport ", out);
    print_ports(line->first, line->last, out);
    if (firewall_is_alone(line, from_local)) {
        fputs(" -j RETURN\n", out);
        return;
    }
    fputs(" -j DNAT --to-destination ", out);
    if (line->to.family != AF_UNSPEC)
        fprintf(out, line->to.family == AF_INET6 ? "[%s]" : "%s", firewall_addr(&line->to, buf));
    fprintf(out, ":%u", line->to_first);
    if (line->last != line->first)
        fprintf(out, "-%u/%u", firewall_to_last(line), line->first);
    fputc('\n', out);
}

static void print_chain(const struct redirect *r, const char *chain, bool from_local, FILE *out)
{
    for (size_t i = 0; i < r->count; i++) {
        for (enum proto p = PROTO_TCP; p <= PROTO_UDP; p++) {
            if (r->line[i].proto == PROTO_ANY || r->line[i].proto == p)
                print_line(&r->line[i], chain, p, from_local, out);
        }
    }
}

static void print_redirect(const struct format_input *in, FILE *out)
{
    const struct format_options *o = in->options;
    bool is_split = o->is_local && firewall_is_split(in->redirect);

    fprintf(out, "*nat\n:REMAP-REDIRECT - [0:0]\n%s", is_split ? ":REMAP-LOCAL - [0:0]\n" : "");
    print_chain(in->redirect, "REMAP-REDIRECT", false, out);
    if (is_split)
        print_chain(in->redirect, "REMAP-LOCAL", true, out);
    for (size_t i = 0; i < o->interfaces; i++)
        fprintf(out, "-I PREROUTING 1 -i %s -m addrtype --dst-type LOCAL -j REMAP-REDIRECT\n",
                o->interface[i]);
    if (o->interfaces == 0)
        fputs("-I PREROUTING 1 -m addrtype --dst-type LOCAL -j REMAP-REDIRECT\n", out);
    if (o->is_local)
        fprintf(out, "-I OUTPUT 1 -m addrtype --dst-type LOCAL -j %s\n",
                is_split ? "REMAP-LOCAL" : "REMAP-REDIRECT");
    /* This rule gives connections room for labels before there is an owner. */
    fprintf(out, "-A REMAP-REDIRECT -m connlabel --label %u\n", firewall_label(o));
    firewall_print_comments(in, "-A REMAP-REDIRECT -m comment --comment ", out);
    fputs("COMMIT\n", out);
}

/* ---- guard and hide ---- */

/*
 * Prints a rule for the actual ports of a protocol, or several if one has no room for all:
 * `before`, the ports, and `after`.
 */
static void print_actual(const struct redirect *r, enum proto proto, const char *before,
                         const char *after, FILE *out)
{
    bool is_open = false;
    int room = 0;

    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        int needed = line->last != line->first ? 2 : 1;
        if (!firewall_has_actual(r, i, proto))
            continue;
        if (is_open && room < needed) {
            fprintf(out, " %s\n", after);
            is_open = false;
        }
        fprintf(out, "%s", is_open ? "," : before);
        print_ports(line->to_first, firewall_to_last(line), out);
        room = (is_open ? room : MULTIPORT_MAX) - needed;
        is_open = true;
    }
    if (is_open)
        fprintf(out, " %s\n", after);
}

static void print_guard(const struct format_input *in, FILE *out)
{
    unsigned owner = in->options->owner_id, label = firewall_label(in->options);
    char drop[64];

    snprintf(drop, sizeof(drop), "-m owner ! --uid-owner %u -j DROP", owner);
    fputs(":REMAP-GUARD - [0:0]\n"
          ":REMAP-OWNER - [0:0]\n"
          "-I OUTPUT 1 -j REMAP-GUARD\n",
          out);
    print_actual(in->redirect, PROTO_TCP, "-A REMAP-GUARD -p tcp --syn -m multiport --sports ",
                 drop, out);
    print_actual(in->redirect, PROTO_TCP,
                 "-A REMAP-GUARD -p tcp -m conntrack --ctdir REPLY -m multiport --sports ",
                 "-g REMAP-OWNER", out);
    print_actual(in->redirect, PROTO_UDP, "-A REMAP-GUARD -p udp -m multiport --sports ", drop,
                 out);
    /* A connection that is older than the guard has no room for the label: hence two rules. */
    fprintf(
        out,
        "-A REMAP-OWNER -p tcp -m owner --uid-owner %u -m connlabel --label %u --set -j RETURN\n"
        "-A REMAP-OWNER -p tcp -m owner --uid-owner %u -j RETURN\n"
        "-A REMAP-OWNER -p tcp --tcp-flags SYN SYN -m owner --socket-exists -j DROP\n"
        "-A REMAP-OWNER -p tcp --tcp-flags SYN SYN -m connlabel --label %u -j DROP\n"
        "-A REMAP-OWNER -p tcp --tcp-flags SYN,ACK SYN,ACK -j RETURN\n"
        "-A REMAP-OWNER -p tcp -m connlabel --label %u -j RETURN\n"
        "-A REMAP-OWNER -p tcp --tcp-flags RST RST -j RETURN\n"
        "-A REMAP-OWNER -j DROP\n",
        owner, label, owner, label, label);
}

/*
 * The rule in INPUT is removed by what it says, and has no match of conntrack for that: an iptables of
 * 32 bits does not find such a rule again on a kernel of 64 bits.
 */
static void print_hide(const struct redirect *r, FILE *out)
{
    fputs(":REMAP-HIDE - [0:0]\n"
          ":REMAP-INPUT - [0:0]\n"
          "-I INPUT 1 ! -i lo -j REMAP-INPUT\n"
          "-A REMAP-INPUT -m conntrack --ctdir ORIGINAL -m conntrack ! --ctstate DNAT "
          "-g REMAP-HIDE\n",
          out);
    print_actual(r, PROTO_TCP, "-A REMAP-HIDE -p tcp --syn -m multiport --dports ",
                 "-j REJECT --reject-with tcp-reset", out);
    print_actual(r, PROTO_UDP, "-A REMAP-HIDE -p udp -m multiport --dports ", "-j REJECT", out);
}

/* The guard is in place before the ports that it guards are redirected. */
static void print(const struct format_input *in, FILE *out)
{
    const struct format_options *o = in->options;

    firewall_print_summary(in, out);
    fputs("# for iptables-restore --noflush, and for ip6tables-restore --noflush\n", out);
    if (o->owner != NULL || o->is_hidden) {
        fputs("*filter\n", out);
        if (o->owner != NULL)
            print_guard(in, out);
        if (o->is_hidden)
            print_hide(in->redirect, out);
        fputs("COMMIT\n", out);
    }
    print_redirect(in, out);
}

const struct format iptables_format = {
    .name = "iptables",
    .summary = "firewall rules, for iptables-restore --noflush",
    .kind = FORMAT_FIREWALL,
    .has_ranges = true,
    .print = print,
};

/*
 * Rules for nft -f: a transaction that replaces a table of our own. firewall.c explains them. The
 * kernel cannot add an offset to a port for nft, so ranges become maps.
 */
#include "export/firewall.h"

#define TABLE "inet remap_redirect"
/* What begins a connection. Only that is redirected: older connections go on as they are. */
#define SYN "tcp flags & (fin | syn | rst | ack) == syn "

/* ---- maps: from ports of any address to ports of the same address ---- */

/* `family` is AF_UNSPEC in a map of both. */
struct map {
    const char *name;
    enum proto proto;
    uint8_t family;
};

static const struct map MAPS[] = {
    {"ports", PROTO_ANY, AF_UNSPEC},         {"tcp_ports", PROTO_TCP, AF_UNSPEC},
    {"udp_ports", PROTO_UDP, AF_UNSPEC},     {"ipv4_ports", PROTO_ANY, AF_INET},
    {"tcp_ipv4_ports", PROTO_TCP, AF_INET},  {"udp_ipv4_ports", PROTO_UDP, AF_INET},
    {"ipv6_ports", PROTO_ANY, AF_INET6},     {"tcp_ipv6_ports", PROTO_TCP, AF_INET6},
    {"udp_ipv6_ports", PROTO_UDP, AF_INET6},
};
enum { MAP_COUNT = sizeof(MAPS) / sizeof(*MAPS) };

static bool is_in_a_map(const struct redirect_line *line)
{
    return !line->is_alone && line->host.family == AF_UNSPEC && line->to.family == AF_UNSPEC;
}

static bool is_in_map(const struct redirect_line *line, const struct map *map)
{
    return is_in_a_map(line) && line->proto == map->proto && line->family == map->family;
}

static bool is_map_used(const struct redirect *r, const struct map *map)
{
    for (size_t i = 0; i < r->count; i++) {
        if (is_in_map(&r->line[i], map))
            return true;
    }
    return false;
}

/* Prints the elements of a map for a line, ten to a row. */
static void print_pairs(const struct redirect_line *line, FILE *out)
{
    for (unsigned i = 0; i <= (unsigned)(line->last - line->first); i++) {
        if (i > 0)
            fputs(i % 10 == 0 ? ",\n\t\t\t" : ", ", out);
        fprintf(out, "%u : %u", line->first + i, line->to_first + i);
    }
}

static void print_map(const struct redirect *r, const struct map *map, FILE *out)
{
    const char *before = "\t\telements = { ";

    fprintf(out, "\tmap %s {\n\t\ttype inet_service : inet_service\n", map->name);
    for (size_t i = 0; i < r->count; i++) {
        if (!is_in_map(&r->line[i], map))
            continue;
        fputs(before, out);
        print_pairs(&r->line[i], out);
        before = ",\n\t\t\t";
    }
    fputs(" }\n\t}\n", out);
}

/* ---- redirect ---- */

/* Prints what precedes the ports of a rule. */
static void print_packets(uint8_t family, const struct addr *host, enum proto proto, FILE *out)
{
    char buf[FIREWALL_ADDR_MAX];

    if (host->family == AF_UNSPEC)
        fprintf(out, "\t\tmeta nfproto %s ", family == AF_INET6 ? "ipv6" : "ipv4");
    else
        fprintf(out, "\t\t%s daddr %s ", family == AF_INET6 ? "ip6" : "ip",
                firewall_addr(host, buf));
    fprintf(out, "%s%s dport ", proto == PROTO_TCP ? SYN : "", proto_name(proto));
}

/* An older nft (0.9.8) refuses a port without an address, in a table of both families. */
static void print_target(uint8_t family, const struct addr *to, FILE *out)
{
    char buf[FIREWALL_ADDR_MAX];

    if (to->family == AF_INET6)
        fprintf(out, " counter dnat ip6 to [%s]:", firewall_addr(to, buf));
    else if (to->family == AF_INET)
        fprintf(out, " counter dnat ip to %s:", firewall_addr(to, buf));
    else
        fprintf(out, " counter dnat %1$s to %1$s daddr:", family == AF_INET6 ? "ip6" : "ip");
}

/* The rule of a line that is in no map. */
static void print_line(const struct redirect_line *line, uint8_t family, enum proto proto,
                       bool from_local, FILE *out)
{
    print_packets(family, &line->host, proto, out);
    fprintf(out, "%u", line->first);
    if (line->last != line->first)
        fprintf(out, "-%u", line->last);
    if (firewall_is_alone(line, from_local)) {
        fputs(" return\n", out);
        return;
    }
    print_target(family, &line->to, out);
    if (line->last == line->first) {
        fprintf(out, "%u\n", line->to_first);
    } else {
        fprintf(out, "%s dport map { ", proto_name(proto));
        print_pairs(line, out);
        fputs(" }\n", out);
    }
}

static void print_map_rule(const struct map *map, uint8_t family, enum proto proto, FILE *out)
{
    static const struct addr ANY = {.family = AF_UNSPEC};

    print_packets(family, &ANY, proto, out);
    fprintf(out, "@%s", map->name);
    print_target(family, &ANY, out);
    fprintf(out, "%s dport map @%s\n", proto_name(proto), map->name);
}

/* A rule of a chain is of one protocol and one family. */
static const struct {
    enum proto proto;
    uint8_t family;
} KINDS[] = {
    {PROTO_TCP, AF_INET}, {PROTO_TCP, AF_INET6}, {PROTO_UDP, AF_INET}, {PROTO_UDP, AF_INET6}};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(*KINDS) };

/* Whether it is one of what has this protocol and this family, which may be any. */
static bool is_of(size_t kind, enum proto proto, uint8_t family)
{
    return (proto == PROTO_ANY || proto == KINDS[kind].proto) &&
           (family == AF_UNSPEC || family == KINDS[kind].family);
}

/* Only lines of one address overlap others, and are in no map: so the maps may come last. */
static void print_chain(const struct redirect *r, const char *name, bool from_local, FILE *out)
{
    fprintf(out, "\tchain %s {\n", name);
    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        for (size_t k = 0; k < KIND_COUNT && !is_in_a_map(line); k++) {
            if (is_of(k, line->proto, line->family))
                print_line(line, KINDS[k].family, KINDS[k].proto, from_local, out);
        }
    }
    for (size_t i = 0; i < MAP_COUNT; i++) {
        for (size_t k = 0; k < KIND_COUNT && is_map_used(r, &MAPS[i]); k++) {
            if (is_of(k, MAPS[i].proto, MAPS[i].family))
                print_map_rule(&MAPS[i], KINDS[k].family, KINDS[k].proto, out);
        }
    }
    fputs("\t}\n", out);
}

/* The hooks come before those of others, which have the usual priority. */
static void print_redirect(const struct format_input *in, FILE *out)
{
    const struct format_options *o = in->options;
    bool is_split = firewall_is_split(in->redirect);

    print_chain(in->redirect, "moved", false, out);
    fputs("\tchain outside {\n"
          "\t\ttype nat hook prerouting priority dstnat - 1; policy accept;\n\t\t",
          out);
    for (size_t i = 0; i < o->interfaces; i++)
        fprintf(out, "%s\"%s\"", i == 0 ? "iifname { " : ", ", o->interface[i]);
    fprintf(out, "%sfib daddr type local jump moved\n\t}\n", o->interfaces > 0 ? " } " : "");
    if (!o->is_local)
        return;
    if (is_split)
        print_chain(in->redirect, "moved_local", true, out);
    fprintf(out,
            "\tchain inside {\n"
            "\t\ttype nat hook output priority -101; policy accept;\n"
            "\t\tfib daddr type local jump %s\n"
            "\t}\n",
            is_split ? "moved_local" : "moved");
}

/* ---- guard and hide ---- */

static bool has_actual(const struct redirect *r, enum proto proto)
{
    for (size_t i = 0; i < r->count; i++) {
        if (firewall_has_actual(r, i, proto))
            return true;
    }
    return false;
}

static void print_actual_set(const struct redirect *r, enum proto proto, FILE *out)
{
    const char *before = "elements = { ";

    if (!has_actual(r, proto))
        return;
    fprintf(out,
            "\tset actual_%s {\n"
            "\t\ttype inet_service\n"
            "\t\tflags interval\n"
            "\t\tauto-merge\n\t\t",
            proto_name(proto));
    for (size_t i = 0; i < r->count; i++) {
        if (!firewall_has_actual(r, i, proto))
            continue;
        fprintf(out, "%s%u", before, r->line[i].to_first);
        if (r->line[i].last != r->line[i].first)
            fprintf(out, "-%u", firewall_to_last(&r->line[i]));
        before = ", ";
    }
    fputs(" }\n\t}\n", out);
}

static void print_guard(const struct format_input *in, FILE *out)
{
    unsigned owner = in->options->owner_id, label = firewall_label(in->options);

    fprintf(out,
            "\tchain owner {\n"
            "\t\tmeta skuid %u ct label set %u accept\n"
            "\t\ttcp flags & syn == syn meta skuid != %u counter drop\n"
            "\t\ttcp flags & syn == syn ct label %u counter drop\n"
            "\t\ttcp flags & (syn | ack) == syn | ack accept\n"
            "\t\tct label %u accept\n"
            "\t\ttcp flags & rst == rst accept\n"
            "\t\tcounter drop\n"
            "\t}\n",
            owner, label, owner, label, label);
    fputs("\tchain guard {\n\t\ttype filter hook output priority filter; policy accept;\n", out);
    if (has_actual(in->redirect, PROTO_TCP))
        fprintf(out,
                "\t\ttcp sport @actual_tcp " SYN "meta skuid != %u counter drop\n"
                "\t\tct direction reply tcp sport @actual_tcp jump owner\n",
                owner);
    if (has_actual(in->redirect, PROTO_UDP))
        fprintf(out,
                "\t\tudp sport @actual_udp meta skuid %u accept\n"
                "\t\tudp sport @actual_udp counter drop\n",
                owner);
    fputs("\t}\n", out);
}

static void print_hide(const struct redirect *r, FILE *out)
{
    fputs("\tchain hide {\n\t\ttype filter hook input priority filter; policy accept;\n", out);
    if (has_actual(r, PROTO_TCP))
        fputs("\t\tiifname != \"lo\" ct status & dnat != dnat " SYN
              "tcp dport @actual_tcp counter reject with tcp reset\n",
              out);
    if (has_actual(r, PROTO_UDP))
        fputs("\t\tiifname != \"lo\" ct status & dnat != dnat ct direction original "
              "udp dport @actual_udp counter reject\n",
              out);
    fputs("\t}\n", out);
}

static void print(const struct format_input *in, FILE *out)
{
    const struct format_options *o = in->options;

    firewall_print_summary(in, out);
    fputs("add table " TABLE "\ndelete table " TABLE "\ntable " TABLE " {\n", out);
    for (size_t i = 0; i < MAP_COUNT; i++) {
        if (is_map_used(in->redirect, &MAPS[i]))
            print_map(in->redirect, &MAPS[i], out);
    }
    if (o->owner != NULL || o->is_hidden) {
        print_actual_set(in->redirect, PROTO_TCP, out);
        print_actual_set(in->redirect, PROTO_UDP, out);
    }
    print_redirect(in, out);
    if (o->owner != NULL)
        print_guard(in, out);
    if (o->is_hidden)
        print_hide(in->redirect, out);
    /* The first rule gives connections room for labels before there is an owner. */
    fprintf(out, "\tchain made {\n\t\tct label %u accept\n", firewall_label(o));
    firewall_print_comments(in, "\t\tcounter comment ", out);
    fputs("\t}\n}\n", out);
}

const struct format nft_format = {
    .name = "nft",
    .summary = "firewall rules, for nft -f",
    .kind = FORMAT_FIREWALL,
    .has_ranges = true,
    .print = print,
};

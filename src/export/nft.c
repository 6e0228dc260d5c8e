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

static void print_family(uint8_t family, FILE *out)
{
    if (family != AF_UNSPEC)
        fprintf(out, "meta nfproto %s ", family == AF_INET6 ? "ipv6" : "ipv4");
}

static void print_target(const struct redirect_line *line, FILE *out)
{
    char buf[FIREWALL_ADDR_MAX];

    if (line->to.family == AF_INET6)
        fprintf(out, "dnat ip6 to [%s]:", firewall_addr(&line->to, buf));
    else if (line->to.family == AF_INET)
        fprintf(out, "dnat ip to %s:", firewall_addr(&line->to, buf));
    else
        fputs("dnat to :", out);
}

/* The rule of a line that is in no map. */
static void print_line(const struct redirect_line *line, enum proto proto, bool from_local,
                       FILE *out)
{
    const char *name = proto_name(proto);
    char buf[FIREWALL_ADDR_MAX];

    fputs("\t\t", out);
    if (line->host.family == AF_UNSPEC)
        print_family(line->family, out);
    else
        fprintf(out, "%s daddr %s ", line->family == AF_INET6 ? "ip6" : "ip",
                firewall_addr(&line->host, buf));
    fprintf(out, "%s%s dport %u", proto == PROTO_TCP ? SYN : "", name, line->first);
    if (line->last != line->first)
        fprintf(out, "-%u", line->last);
    if (firewall_is_alone(line, from_local)) {
        fputs(" return\n", out);
        return;
    }
    fputs(" counter ", out);
    print_target(line, out);
    if (line->last == line->first) {
        fprintf(out, "%u\n", line->to_first);
    } else {
        fprintf(out, "%s dport map { ", name);
        print_pairs(line, out);
        fputs(" }\n", out);
    }
}

static void print_map_rule(const struct map *map, enum proto proto, FILE *out)
{
    const char *name = proto_name(proto);

    fputs("\t\t", out);
    print_family(map->family, out);
    fprintf(out, "%s%s dport @%s counter dnat to :%s dport map @%s\n",
            proto == PROTO_TCP ? SYN : "", name, map->name, name, map->name);
}

/* Only lines of one address overlap others, and are in no map: so the maps may come last. */
static void print_chain(const struct redirect *r, const char *name, bool from_local, FILE *out)
{
    fprintf(out, "\tchain %s {\n", name);
    for (size_t i = 0; i < r->count; i++) {
        for (enum proto p = PROTO_TCP; p <= PROTO_UDP; p++) {
            if (!is_in_a_map(&r->line[i]) &&
                (r->line[i].proto == PROTO_ANY || r->line[i].proto == p))
                print_line(&r->line[i], p, from_local, out);
        }
    }
    for (size_t i = 0; i < MAP_COUNT; i++) {
        for (enum proto p = PROTO_TCP; p <= PROTO_UDP; p++) {
            if (is_map_used(r, &MAPS[i]) && (MAPS[i].proto == PROTO_ANY || MAPS[i].proto == p))
                print_map_rule(&MAPS[i], p, out);
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

#include "export/container.h"

/* Whether an earlier line is the same rule, for another address or family. */
static bool is_known(const struct redirect *r, size_t index)
{
    const struct redirect_line *line = &r->line[index];

    for (size_t i = 0; i < index; i++) {
        if (r->line[i].proto == line->proto && r->line[i].first == line->first &&
            r->line[i].last == line->last)
            return true;
    }
    return false;
}

static void print_ports(uint16_t first, unsigned count, FILE *out)
{
    fprintf(out, "%u", first);
    if (count > 1)
        fprintf(out, "-%u", first + count - 1);
}

/* Whether the rule of the line names its protocol. */
static bool names_proto(const struct table *t, const struct redirect_line *line)
{
    return t->rule[line->rule].proto != PROTO_ANY;
}

void container_narrow(struct redirect *r, const struct table *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct redirect_line *line = &r->line[i];
        bool is_tcp =
            !line->is_alone && !names_proto(t, line) && t->rule[line->rule].target != RULE_AUTO;
        if (is_tcp && line->proto == PROTO_UDP)
            continue;
        if (is_tcp)
            line->proto = PROTO_TCP;
        r->line[kept++] = *line;
    }
    r->count = kept;
}

static void print_rule(const struct redirect_line *line, bool is_named, FILE *out)
{
    unsigned count = line->last - line->first + 1U;

    if (is_named)
        fprintf(out, "%s ", proto_name(line->proto));
    print_ports(line->first, count, out);
    fputc('=', out);
    print_ports(line->to_first, count, out);
}

void container_print_rules(const struct format_input *in, FILE *out)
{
    const char *separator = "'";

    /* Those of one protocol are first: the others are for all. */
    for (int others = 0; others <= 1; others++) {
        for (size_t i = 0; i < in->redirect->count; i++) {
            bool is_named = names_proto(in->table, &in->redirect->line[i]);
            if (is_known(in->redirect, i) || is_named == (others != 0))
                continue;
            fputs(separator, out);
            print_rule(&in->redirect->line[i], is_named, out);
            separator = ",";
        }
    }
    fputc('\'', out);
}

void container_print_notes(FILE *out)
{
    fputs("# Its image needs glibc, and libremap.so as " CONTAINER_LIBRARY ".\n"
          "# A rule without a protocol is published for TCP alone: for UDP, add one as 'udp "
          "53=5353'.\n",
          out);
}

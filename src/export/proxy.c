#include "export/proxy.h"

#include <stdlib.h>

bool proxy_is_http(uint16_t port)
{
    return port == 80 || port == 591 || port == 8008 || port == 8080;
}

static bool is_same(const struct redirect_line *a, const struct redirect_line *b)
{
    return a->rule == b->rule && a->first == b->first && a->last == b->last &&
           a->to_first == b->to_first && addr_equal(&a->host, &b->host) &&
           addr_equal(&a->to, &b->to);
}

/* Joins the line to an earlier one, and returns whether there is one for that. */
static bool join(struct redirect_line *lines, size_t count, const struct redirect_line *line)
{
    for (size_t i = 0; i < count; i++) {
        struct redirect_line *a = &lines[i];
        bool is_proto = a->proto == line->proto, is_family = a->family == line->family;
        if (!is_same(a, line) || is_proto == is_family)
            continue;
        if (is_proto)
            a->family = AF_UNSPEC;
        else
            a->proto = PROTO_ANY;
        return true;
    }
    return false;
}

static void join_all(struct redirect *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++) {
        if (!r->line[i].is_alone && !join(r->line, kept, &r->line[i]))
            r->line[kept++] = r->line[i];
    }
    r->count = kept;
}

/* First the protocols of each family, since those of one family may have been joined already. */
void proxy_join(struct redirect *r)
{
    join_all(r);
    join_all(r);
}

/* Returns the last port of the line that is of the same kind as `first`, with all between. */
static uint16_t last_alike(const struct redirect_line *line, uint16_t first)
{
    uint16_t last = first;

    while (last < line->last && proxy_is_http((uint16_t)(last + 1)) == proxy_is_http(first))
        last++;
    return last;
}

bool proxy_split(struct redirect *r)
{
    struct redirect_line *all = NULL;
    size_t count = 0;

    for (size_t i = 0; i < r->count; i++) {
        struct redirect_line rest = r->line[i], part;
        do {
            struct redirect_line *grown = reallocarray(all, count + 1, sizeof(*all));
            if (grown == NULL) {
                free(all);
                return false;
            }
            all = grown;
            part = rest;
            part.last = last_alike(&rest, rest.first);
            all[count++] = part;
            rest.to_first = (uint16_t)(rest.to_first + (part.last + 1 - rest.first));
            rest.first = (uint16_t)(part.last + 1);
        } while (part.last < rest.last);
    }
    free(r->line);
    r->line = all;
    r->count = count;
    return true;
}

bool proxy_has(const struct redirect_line *line, enum proto proto)
{
    return line->proto == PROTO_ANY || line->proto == proto;
}

static const char *format(const struct addr *addr, char buf[RULE_TEXT_MAX])
{
    struct text text;

    text_init(&text, buf, RULE_TEXT_MAX);
    if (addr->family != AF_UNSPEC)
        addr_format(addr, &text);
    return buf;
}

const char *proxy_target(const struct redirect_line *line, char buf[RULE_TEXT_MAX])
{
    static const struct addr v4 = {.family = AF_INET, .bytes = {127, 0, 0, 1}},
                             v6 = {.family = AF_INET6, .bytes = {[15] = 1}};
    const struct addr *loopback = line->family == AF_INET6 ? &v6 : &v4;
    const struct addr *host = line->host.family != AF_UNSPEC ? &line->host : loopback;

    return format(line->to.family != AF_UNSPEC ? &line->to : host, buf);
}

const char *proxy_host(const struct redirect_line *line, char buf[RULE_TEXT_MAX])
{
    return format(&line->host, buf);
}

void proxy_print_without_udp(const struct redirect_line *line, const char *indent, FILE *out)
{
    if (line->proto != PROTO_ANY)
        return;
    fprintf(out, "%s# TCP alone: UDP to %u", indent, line->first);
    if (line->last != line->first)
        fprintf(out, "-%u", line->last);
    fputs(" is left out.\n", out);
}

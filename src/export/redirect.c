/*
 * For each protocol and family the table is asked once for any address, and once for each
 * address of a rule or of a running server (target.c). An address that has the same answer as any
 * address needs no line.
 *
 * Ports are asked for in runs: each rule matches all ports of a run or none. So the number of ports
 * does not matter.
 */
#include "export/redirect.h"

#include "export/target.h"
#include <stdlib.h>

/* What the functions below share. */
struct maker {
    struct redirect *r;
    struct target_input in;
    uint32_t *start; /* first ports of runs, sorted, without duplicates */
    size_t starts;
    struct addr *host; /* the addresses that have lines of their own */
    size_t hosts;
    bool is_used[TABLE_MAX]; /* the rule has a line with a target */
    bool is_guess[TABLE_MAX];
    bool is_out_of_memory;
};

/* ---- runs and addresses ---- */

static int compare_starts(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void add_run(struct maker *m, uint16_t first, uint16_t last)
{
    m->start[m->starts++] = first;
    m->start[m->starts++] = last + 1U;
}

static void find_runs(struct maker *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < m->in.table->count; i++)
        add_run(m, m->in.table->rule[i].first, m->in.table->rule[i].last);
    for (size_t i = 0; i < m->in.live_count; i++)
        add_run(m, m->in.live[i].asked.port, m->in.live[i].asked.port);
    if (m->starts > 0)
        qsort(m->start, m->starts, sizeof(*m->start), compare_starts);
    for (size_t i = 0; i < m->starts; i++) {
        if (kept == 0 || m->start[kept - 1] != m->start[i])
            m->start[kept++] = m->start[i];
    }
    m->starts = kept;
}

static void add_host(struct maker *m, const struct addr *host)
{
    struct addr addr = addr_unmapped(host);

    if (addr_is_wildcard(&addr))
        return;
    for (size_t i = 0; i < m->hosts; i++) {
        if (addr_equal(&m->host[i], &addr))
            return;
    }
    m->host[m->hosts++] = addr;
}

static void find_hosts(struct maker *m)
{
    for (size_t i = 0; i < m->in.table->count; i++)
        add_host(m, &m->in.table->rule[i].host);
    for (size_t i = 0; i < m->in.live_count; i++)
        add_host(m, &m->in.live[i].asked.addr);
}

/* Whether a rule or a running server has that address and port: it may differ from any address. */
static bool is_special(const struct maker *m, const struct addr *host, uint32_t port)
{
    for (size_t i = 0; i < m->in.table->count; i++) {
        const struct rule *rule = &m->in.table->rule[i];
        if (port >= rule->first && port <= rule->last && addr_equal(&rule->host, host))
            return true;
    }
    for (size_t i = 0; i < m->in.live_count; i++) {
        struct addr asked = addr_unmapped(&m->in.live[i].asked.addr);
        if (port == m->in.live[i].asked.port && addr_equal(&asked, host))
            return true;
    }
    return false;
}

/* Fills in the line, and marks the rule that decides. */
static void resolve(struct maker *m, struct redirect_line *line)
{
    target_resolve(&m->in, line);
    if (line->rule < 0)
        return;
    m->is_used[line->rule] |= !line->is_alone;
    m->is_guess[line->rule] |= line->is_guess;
}

/* ---- lists of lines ---- */

struct list {
    struct redirect_line *line; /* malloc'ed */
    size_t count;
};

static void append(struct maker *m, struct list *list, const struct redirect_line *line)
{
    struct redirect_line *grown = realloc(list->line, (list->count + 1) * sizeof(*grown));

    if (grown == NULL) {
        m->is_out_of_memory = true;
        return;
    }
    list->line = grown;
    grown[list->count++] = *line;
}

static bool is_same_target(const struct redirect_line *a, const struct redirect_line *b)
{
    return a->is_alone == b->is_alone &&
           (a->is_alone || (a->to_first == b->to_first && addr_equal(&a->to, &b->to)));
}

/* Whether `b` continues `a`: its ports and its targets follow those of `a`. */
static bool continues(const struct redirect_line *a, const struct redirect_line *b)
{
    struct redirect_line next = *a;

    next.to_first = (uint16_t)(a->to_first + (a->last + 1 - a->first));
    return a->last + 1 == b->first && is_same_target(&next, b);
}

static void append_or_join(struct maker *m, struct list *list, const struct redirect_line *line)
{
    struct redirect_line *end = list->count > 0 ? &list->line[list->count - 1] : NULL;

    if (end != NULL && continues(end, line))
        end->last = line->last;
    else
        append(m, list, line);
}

/* The lines of one protocol, family and address; those of any address where that is NULL. */
static struct list make_list(struct maker *m, enum proto proto, uint8_t family,
                             const struct addr *host)
{
    struct list list = {NULL, 0};

    for (size_t i = 0; i + 1 < m->starts; i++) {
        struct redirect_line any = {.proto = proto, .family = family};
        if (host != NULL && !is_special(m, host, m->start[i]))
            continue;
        any.first = (uint16_t)m->start[i];
        any.last = (uint16_t)(m->start[i + 1] - 1);
        struct redirect_line line = any;
        resolve(m, &any);
        if (host != NULL) {
            line.host = *host;
            resolve(m, &line);
        }
        if (host == NULL && !any.is_alone)
            append_or_join(m, &list, &any);
        if (host != NULL && !is_same_target(&line, &any))
            append_or_join(m, &list, &line);
    }
    return list;
}

static bool is_same_list(const struct list *a, const struct list *b)
{
    bool is_same = a->count == b->count;

    for (size_t i = 0; is_same && i < a->count; i++)
        is_same = a->line[i].first == b->line[i].first && a->line[i].last == b->line[i].last &&
                  is_same_target(&a->line[i], &b->line[i]);
    return is_same;
}

/* Appends the list to all lines, with that protocol and family, and empties it. */
static void take(struct maker *m, struct list *list, enum proto proto, uint8_t family)
{
    struct list all = {m->r->line, m->r->count};

    for (size_t i = 0; i < list->count; i++) {
        list->line[i].proto = proto;
        list->line[i].family = family;
        append(m, &all, &list->line[i]);
    }
    m->r->line = all.line;
    m->r->count = all.count;
    free(list->line);
    *list = (struct list){NULL, 0};
}

/* Adds the lines of both protocols: once if they are the same. */
static void add_protos(struct maker *m, struct list *tcp, struct list *udp, uint8_t family)
{
    bool is_same = is_same_list(tcp, udp);

    take(m, tcp, is_same ? PROTO_ANY : PROTO_TCP, family);
    if (!is_same)
        take(m, udp, PROTO_UDP, family);
    free(udp->line);
}

static void add_lines_of_any(struct maker *m)
{
    struct list tcp4 = make_list(m, PROTO_TCP, AF_INET, NULL);
    struct list udp4 = make_list(m, PROTO_UDP, AF_INET, NULL);
    struct list tcp6 = make_list(m, PROTO_TCP, AF_INET6, NULL);
    struct list udp6 = make_list(m, PROTO_UDP, AF_INET6, NULL);
    bool is_same = is_same_list(&tcp4, &tcp6) && is_same_list(&udp4, &udp6);

    add_protos(m, &tcp4, &udp4, is_same ? AF_UNSPEC : AF_INET);
    if (!is_same) {
        add_protos(m, &tcp6, &udp6, AF_INET6);
    } else {
        free(tcp6.line);
        free(udp6.line);
    }
}

static void add_lines_of_host(struct maker *m, const struct addr *host)
{
    struct list tcp = make_list(m, PROTO_TCP, host->family, host);
    struct list udp = make_list(m, PROTO_UDP, host->family, host);

    add_protos(m, &tcp, &udp, host->family);
}

/* ---- notes ---- */

static enum redirect_note note_of(const struct maker *m, size_t index)
{
    const struct rule *rule = &m->in.table->rule[index];

    if (rule->target < RULE_AUTO && rule->to_first < TARGET_PRIVILEGED_END)
        return REDIRECT_PRIVILEGED;
    if (rule->target == RULE_KEEP)
        return REDIRECT_KEEP;
    if (rule->target == RULE_DENY)
        return REDIRECT_DENY;
    if (rule->proto == PROTO_SCTP)
        return REDIRECT_SCTP;
    if (rule->target == RULE_AUTO)
        return m->is_used[index] || table_rule_is_dead(m->in.table, index) ? REDIRECT_DONE
                                                                           : REDIRECT_NO_SERVER;
    if (rule->target == RULE_POOL && m->is_guess[index])
        return REDIRECT_FIRST;
    return addr_is_loopback(&rule->to) ? REDIRECT_LOOPBACK : REDIRECT_DONE;
}

bool redirect_make(struct redirect *r, const struct table *t, const struct redirect_live *live,
                   size_t live_count)
{
    struct maker m = {.r = r, .in = {t, live, live_count}};

    *r = (struct redirect){.line = NULL};
    m.start = calloc(2 * (t->count + live_count) + 1, sizeof(*m.start));
    m.host = calloc(t->count + live_count + 1, sizeof(*m.host));
    if (m.start == NULL || m.host == NULL) {
        m.is_out_of_memory = true;
    } else {
        find_runs(&m);
        find_hosts(&m);
        for (size_t i = 0; i < m.hosts; i++)
            add_lines_of_host(&m, &m.host[i]);
        add_lines_of_any(&m);
        for (size_t i = 0; i < t->count; i++)
            r->note[i] = note_of(&m, i);
    }
    free(m.start);
    free(m.host);
    if (m.is_out_of_memory)
        redirect_free(r);
    return !m.is_out_of_memory;
}

void redirect_free(struct redirect *r)
{
    free(r->line);
    *r = (struct redirect){.line = NULL};
}

bool redirect_takes(const struct redirect *r, const struct endpoint *e)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct redirect_line *line = &r->line[i];
        if ((line->proto == PROTO_ANY || line->proto == e->proto) &&
            (line->family == AF_UNSPEC || line->family == e->addr.family) &&
            (line->host.family == AF_UNSPEC || addr_equal(&line->host, &e->addr)) &&
            e->port >= line->first && e->port <= line->last)
            return !line->is_alone;
    }
    return false;
}

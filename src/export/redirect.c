/*
 * A rule says what becomes of a bind; a line, what becomes of a packet. A packet goes to the server
 * that bound its address, else to the one that bound the wildcard; a packet of IPv4 may also go to
 * the wildcard of IPv6. So the table is asked about each of these binds, until a rule decides.
 *
 * For each protocol and family it is asked once for any address, and once for each address of a
 * rule or of a running server. An address that has the same answer as any address needs no line.
 *
 * Ports are asked for in runs: each rule matches all ports of a run or none. So the number of ports
 * does not matter.
 */
#include "export/redirect.h"

#include <stdlib.h>

/* Ports below are privileged (capabilities(7), CAP_NET_BIND_SERVICE). */
enum { PRIVILEGED_END = 1024 };

/* What the functions below share. */
struct maker {
    struct redirect *r;
    const struct table *table;
    const struct redirect_live *live;
    size_t live_count;
    uint32_t *start; /* first ports of runs, sorted, without duplicates */
    size_t starts;
    struct addr *host; /* the addresses that have lines of their own */
    size_t hosts;
    bool crosses;             /* from one family to an address of the other */
    bool is_used[TABLE_MAX];  /* the rule has a line with a target */
    bool is_guess[TABLE_MAX]; /* no server is running: the first port of the rule's choice */
    bool is_out_of_memory;
};

/* ---- where packets go ---- */

/* Whether the server receives packets of `family` to `host`, a wildcard for any address. */
static bool receives(const struct redirect_live *live, uint8_t family, const struct addr *host)
{
    struct addr asked = addr_unmapped(&live->asked.addr);

    if (!addr_is_wildcard(&asked))
        return addr_equal(&asked, host);
    return addr_is_wildcard(host) &&
           (asked.family == family || (asked.family == AF_INET6 && !live->v6only));
}

/*
 * Returns whether the server is at the address of the target `to`. The user of a registry can write
 * anything to it: at another address, the packets would reach another server.
 */
static bool is_in_place(const struct redirect_live *live, const struct addr *to)
{
    struct addr asked = addr_unmapped(&live->asked.addr),
                actual = addr_unmapped(&live->actual.addr);

    return addr_equal(&actual, addr_is_wildcard(to) ? &asked : to);
}

/*
 * The newest server that receives packets of the line to `host`; if that is NULL, the newest one on
 * its port, of any protocol and address.
 */
static const struct redirect_live *newest_live(const struct maker *m,
                                               const struct redirect_line *line,
                                               const struct addr *host, const struct addr *to)
{
    const struct redirect_live *newest = NULL;

    for (size_t i = 0; i < m->live_count; i++) {
        const struct redirect_live *live = &m->live[i];
        if (live->asked.port == line->first && live->actual.port >= PRIVILEGED_END &&
            (host == NULL ||
             (live->asked.proto == line->proto && receives(live, line->family, host))) &&
            is_in_place(live, to) && (newest == NULL || live->order > newest->order))
            newest = live;
    }
    return newest;
}

/* The server that receives packets of the line: the one on `bound`, else on the wildcard. */
static const struct redirect_live *find_live(const struct maker *m,
                                             const struct redirect_line *line,
                                             const struct addr *bound, const struct addr *to)
{
    struct addr any = {.family = line->family};
    const struct redirect_live *live = newest_live(m, line, bound, to);

    return live != NULL ? live : newest_live(m, line, &any, to);
}

static bool is_within(const struct redirect_live *live, const struct decision *d)
{
    return live != NULL && live->actual.port >= d->first && live->actual.port <= d->last;
}

/* Sets the target of the line, if packets of its family can be sent there. */
static void aim(const struct maker *m, struct redirect_line *line, const struct addr *to,
                uint16_t port)
{
    bool is_any = addr_is_wildcard(to);

    if (is_any && port == line->first)
        return;
    /* The wildcard of IPv6 receives both families. */
    if (to->family != AF_UNSPEC && to->family != line->family &&
        !(is_any ? to->family == AF_INET6 : m->crosses))
        return;
    line->is_alone = false;
    line->to = *to;
    if (is_any)
        line->to = (struct addr){.family = AF_UNSPEC};
    line->to_first = port;
}

/*
 * Sets the target of the line by what the table says of a bind to `bound`. Returns false if no
 * rule matches that.
 */
static bool decide(struct maker *m, struct redirect_line *line, const struct addr *bound)
{
    struct endpoint asked = {line->proto, *bound, line->first};
    struct decision d = table_decide(m->table, &asked);

    if (d.rule < 0)
        return false;
    line->rule = (size_t)d.rule;
    bool is_auto = d.action == ACTION_AUTO;
    if (is_auto)
        d.last = UINT16_MAX;
    uint16_t port = d.first;
    if (d.first != d.last) {
        const struct redirect_live *live = find_live(m, line, bound, &d.host);
        /* Choices are sticky: a server of another protocol or address has the same port. */
        if (!is_auto && !is_within(live, &d))
            live = newest_live(m, line, NULL, &d.host);
        m->is_guess[d.rule] |= !is_within(live, &d);
        port = is_within(live, &d) ? live->actual.port : d.first;
    }
    if (port != 0)
        aim(m, line, &d.host, port);
    m->is_used[d.rule] |= !line->is_alone;
    return true;
}

/* Sets the target of a line whose protocol, family, host and ports are set. */
static void resolve(struct maker *m, struct redirect_line *line)
{
    struct addr any = {.family = line->family}, any_v6 = {.family = AF_INET6};

    line->is_alone = true;
    if (!(line->host.family != AF_UNSPEC && decide(m, line, &line->host)) &&
        !decide(m, line, &any) && line->family == AF_INET)
        decide(m, line, &any_v6);
}

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

    for (size_t i = 0; i < m->table->count; i++)
        add_run(m, m->table->rule[i].first, m->table->rule[i].last);
    for (size_t i = 0; i < m->live_count; i++)
        add_run(m, m->live[i].asked.port, m->live[i].asked.port);
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
    for (size_t i = 0; i < m->table->count; i++)
        add_host(m, &m->table->rule[i].host);
    for (size_t i = 0; i < m->live_count; i++)
        add_host(m, &m->live[i].asked.addr);
}

/* Whether a rule or a running server has that address and port: it may differ from any address. */
static bool is_special(const struct maker *m, const struct addr *host, uint32_t port)
{
    for (size_t i = 0; i < m->table->count; i++) {
        const struct rule *rule = &m->table->rule[i];
        if (port >= rule->first && port <= rule->last && addr_equal(&rule->host, host))
            return true;
    }
    for (size_t i = 0; i < m->live_count; i++) {
        struct addr asked = addr_unmapped(&m->live[i].asked.addr);
        if (port == m->live[i].asked.port && addr_equal(&asked, host))
            return true;
    }
    return false;
}

/* ---- lines ---- */

static bool is_same_target(const struct redirect_line *a, const struct redirect_line *b)
{
    return a->is_alone == b->is_alone &&
           (a->is_alone ||
            (a->rule == b->rule && a->to_first == b->to_first && addr_equal(&a->to, &b->to)));
}

/* Whether `b` continues `a`: its ports and its targets follow those of `a`. */
static bool continues(const struct redirect_line *a, const struct redirect_line *b)
{
    struct redirect_line next = *a;

    next.to_first = (uint16_t)(a->to_first + (a->last + 1 - a->first));
    return a->proto == b->proto && a->family == b->family && addr_equal(&a->host, &b->host) &&
           a->last + 1 == b->first && is_same_target(&next, b);
}

static void add_line(struct maker *m, const struct redirect_line *line)
{
    struct redirect *r = m->r;

    if (r->count > 0 && continues(&r->line[r->count - 1], line)) {
        r->line[r->count - 1].last = line->last;
        return;
    }
    struct redirect_line *grown = reallocarray(r->line, r->count + 1, sizeof(*grown));
    if (grown == NULL) {
        m->is_out_of_memory = true;
        return;
    }
    r->line = grown;
    grown[r->count++] = *line;
}

/* Adds the lines of one protocol, family and address; those of any address if that is NULL. */
static void add_lines(struct maker *m, enum proto proto, uint8_t family, const struct addr *host)
{
    for (size_t i = 0; i + 1 < m->starts; i++) {
        struct redirect_line line = {.proto = proto, .family = family};
        if (host != NULL && !is_special(m, host, m->start[i]))
            continue;
        line.first = (uint16_t)m->start[i];
        line.last = (uint16_t)(m->start[i + 1] - 1);
        struct redirect_line otherwise = line;
        otherwise.is_alone = true;
        if (host != NULL) {
            resolve(m, &otherwise);
            line.host = *host;
        }
        resolve(m, &line);
        if (!is_same_target(&line, &otherwise))
            add_line(m, &line);
    }
}

/*
 * Drops the lines from `second` on if they are those from `first` to `second` again, but for
 * either the protocol or the family. Returns whether they are.
 */
static bool drop_same(struct redirect *r, size_t first, size_t second)
{
    if (r->count - second != second - first)
        return false;
    for (size_t i = first; i < second; i++) {
        const struct redirect_line *a = &r->line[i], *b = &r->line[i + second - first];
        if (a->first != b->first || a->last != b->last || !is_same_target(a, b) ||
            (a->proto != b->proto && a->family != b->family))
            return false;
    }
    r->count = second;
    return true;
}

/* Adds the lines of both protocols: once if they are the same. */
static void add_protos(struct maker *m, uint8_t family, const struct addr *host)
{
    struct redirect *r = m->r;
    size_t tcp = r->count;

    add_lines(m, PROTO_TCP, family, host);
    size_t udp = r->count;
    add_lines(m, PROTO_UDP, family, host);
    for (size_t i = drop_same(r, tcp, udp) ? tcp : udp; i < udp; i++)
        r->line[i].proto = PROTO_ANY;
}

/* Adds the lines of any address: once if both families have the same. */
static void add_lines_of_any(struct maker *m)
{
    struct redirect *r = m->r;
    size_t v4 = r->count;

    add_protos(m, AF_INET, NULL);
    size_t v6 = r->count;
    add_protos(m, AF_INET6, NULL);
    for (size_t i = drop_same(r, v4, v6) ? v4 : v6; i < v6; i++)
        r->line[i].family = AF_UNSPEC;
}

/* ---- notes ---- */

static enum redirect_note note_of(const struct maker *m, size_t index)
{
    const struct rule *rule = &m->table->rule[index];

    if (rule->target < RULE_AUTO && rule->to_first < PRIVILEGED_END)
        return REDIRECT_PRIVILEGED;
    if (rule->target > RULE_AUTO)
        return REDIRECT_NO_PORT;
    if (rule->proto == PROTO_SCTP)
        return REDIRECT_SCTP;
    if (rule->target == RULE_AUTO)
        return m->is_used[index] || table_rule_is_dead(m->table, index) ? REDIRECT_DONE
                                                                        : REDIRECT_NO_SERVER;
    if (rule->target == RULE_POOL && m->is_guess[index])
        return REDIRECT_FIRST;
    return addr_is_loopback(&rule->to) ? REDIRECT_LOOPBACK : REDIRECT_DONE;
}

bool redirect_make(struct redirect *r, const struct table *t, bool crosses,
                   const struct redirect_live *live, size_t live_count)
{
    struct maker m = {
        .r = r, .table = t, .crosses = crosses, .live = live, .live_count = live_count};

    *r = (struct redirect){.line = NULL};
    m.start = calloc(2 * (t->count + live_count) + 1, sizeof(*m.start));
    m.host = calloc(t->count + live_count + 1, sizeof(*m.host));
    if (m.start == NULL || m.host == NULL) {
        m.is_out_of_memory = true;
    } else {
        find_runs(&m);
        find_hosts(&m);
        for (size_t i = 0; i < m.hosts; i++)
            add_protos(&m, m.host[i].family, &m.host[i]);
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

/*
 * A rule says what becomes of a bind; a line, what becomes of a packet. A packet goes to the server
 * that bound its address, else to the one that bound the wildcard; a packet of IPv4 may also go to
 * the wildcard of IPv6. So the table is asked about each of these binds, until a rule decides.
 */
#include "export/target.h"

static struct addr wildcard(uint8_t family)
{
    return (struct addr){.family = family};
}

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
static const struct redirect_live *newest_live(const struct target_input *in,
                                               const struct redirect_line *line,
                                               const struct addr *host, const struct addr *to)
{
    const struct redirect_live *newest = NULL;

    for (size_t i = 0; i < in->live_count; i++) {
        const struct redirect_live *live = &in->live[i];
        if (live->asked.port == line->first && live->actual.port >= TARGET_PRIVILEGED_END &&
            (host == NULL ||
             (live->asked.proto == line->proto && receives(live, line->family, host))) &&
            is_in_place(live, to) && (newest == NULL || live->order > newest->order))
            newest = live;
    }
    return newest;
}

/* The server that receives packets of the line: the one on `bound`, else on the wildcard. */
static const struct redirect_live *find_live(const struct target_input *in,
                                             const struct redirect_line *line,
                                             const struct addr *bound, const struct addr *to)
{
    struct addr any = wildcard(line->family);
    const struct redirect_live *live = newest_live(in, line, bound, to);

    return live != NULL ? live : newest_live(in, line, &any, to);
}

static bool is_within(const struct redirect_live *live, const struct decision *d)
{
    return live != NULL && live->actual.port >= d->first && live->actual.port <= d->last;
}

/* Sets the target of the line, if packets of its family can be sent there. */
static void aim(struct redirect_line *line, const struct addr *to, uint16_t port)
{
    bool is_any = addr_is_wildcard(to);

    if (is_any && port == line->first)
        return;
    /* The wildcard of IPv6 receives both families. */
    if (to->family != AF_UNSPEC && to->family != line->family &&
        !(is_any && to->family == AF_INET6))
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
static bool decide(const struct target_input *in, struct redirect_line *line,
                   const struct addr *bound)
{
    struct endpoint asked = {line->proto, *bound, line->first};
    struct decision d = table_decide(in->table, &asked);
    const struct redirect_live *live;

    if (d.rule < 0)
        return false;
    line->rule = d.rule;
    if (d.action == ACTION_MAP && d.first == d.last) {
        aim(line, &d.host, d.first);
    } else if (d.action == ACTION_AUTO) {
        live = find_live(in, line, bound, &d.host);
        if (live != NULL)
            aim(line, &d.host, live->actual.port);
    } else if (d.action == ACTION_MAP) {
        /* Choices are sticky: a server of another protocol or address has the same port. */
        live = find_live(in, line, bound, &d.host);
        live = is_within(live, &d) ? live : newest_live(in, line, NULL, &d.host);
        line->is_guess = !is_within(live, &d);
        aim(line, &d.host, is_within(live, &d) ? live->actual.port : d.first);
    }
    return true;
}

void target_resolve(const struct target_input *in, struct redirect_line *line)
{
    struct addr any = wildcard(line->family), any_v6 = wildcard(AF_INET6);

    line->is_alone = true;
    line->is_guess = false;
    line->rule = -1;
    if (!(line->host.family != AF_UNSPEC && decide(in, line, &line->host)) &&
        !decide(in, line, &any) && line->family == AF_INET)
        decide(in, line, &any_v6);
}

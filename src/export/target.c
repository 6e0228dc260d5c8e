/*
 * A rule is about what a program binds; a line, about what a packet is sent to. A packet
 * to an address goes to who bound that address, else to who bound the wildcard, and a packet
 * of IPv4 may go to a wildcard of IPv6. So the table is asked for each of them in turn, until
 * a rule decides.
 */
#include "export/target.h"

static struct addr wildcard(uint8_t family)
{
    return (struct addr){.family = family};
}

/* Whether a server that asked for `asked` has packets of `family` to `host`, a wildcard for any address. */
static bool has_packets_to(const struct redirect_live *live, uint8_t family,
                           const struct addr *host)
{
    struct addr asked = addr_unmapped(&live->asked.addr);

    if (!addr_is_wildcard(&asked))
        return addr_equal(&asked, host);
    return addr_is_wildcard(host) &&
           (asked.family == family || (asked.family == AF_INET6 && !live->v6only));
}

/*
 * Whether the server is at the address where a rule with the target `to` would have put it. What
 * it has asked for is its own word; what another has there is none of its business.
 */
static bool is_where_it_says(const struct redirect_live *live, const struct addr *to)
{
    struct addr asked = addr_unmapped(&live->asked.addr),
                actual = addr_unmapped(&live->actual.addr);

    return addr_equal(&actual, addr_is_wildcard(to) ? &asked : to);
}

/*
 * The newest who has packets of the line to its port of `host`; with NULL, of whatever protocol
 * and address.
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
             (live->asked.proto == line->proto && has_packets_to(live, line->family, host))) &&
            is_where_it_says(live, to) && (newest == NULL || live->order > newest->order))
            newest = live;
    }
    return newest;
}

/* Who has the packets of a line if `bound` decides on them: that address itself, or the wildcard. */
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

/* Fills in where the line goes, if packets of its family can go there. */
static void aim(struct redirect_line *line, const struct addr *to, uint16_t port)
{
    bool is_any = addr_is_wildcard(to);

    if (is_any && port == line->first)
        return;
    /* A wildcard of IPv6 has both families. */
    if (to->family != AF_UNSPEC && to->family != line->family &&
        !(is_any && to->family == AF_INET6))
        return;
    line->is_alone = false;
    line->to = *to;
    if (is_any)
        line->to = (struct addr){.family = AF_UNSPEC};
    line->to_first = port;
}

/* Somebody who bound `bound` and has packets to `host`: false where no rule decides on that. */
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
        /* Choices are sticky: of another protocol or address it would be the same port. */
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

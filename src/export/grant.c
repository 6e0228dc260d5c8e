#include "export/grant.h"

static const enum proto PROTOS[] = {PROTO_TCP, PROTO_UDP, PROTO_SCTP};
enum { PROTO_COUNT = sizeof(PROTOS) / sizeof(PROTOS[0]) };

static bool has_port(const struct rule *rule, enum proto proto, uint16_t port)
{
    return port >= rule->first && port <= rule->last &&
           (rule->proto == PROTO_ANY || rule->proto == proto);
}

static bool has_no_server(const struct rule *rule)
{
    return rule->target == RULE_DENY || rule->target == RULE_DROP;
}

/* Returns whether some rule lets a server have the port, on some address. */
static bool is_granted(const struct table *t, enum proto proto, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (!has_port(rule, proto, port))
            continue;
        if (!has_no_server(rule))
            return true;
        if (rule->host.family == AF_UNSPEC)
            return false;
    }
    return false;
}

enum grant_note grant_note(const struct rule *rule)
{
    if (has_no_server(rule))
        return GRANT_NO_SERVER;
    if (rule->first >= GRANT_END)
        return GRANT_UNPRIVILEGED;
    return rule->to.family != AF_UNSPEC || rule->to_wildcard ? GRANT_ADDRESS : GRANT_DONE;
}

void grant_make(struct grant *g, const struct table *t)
{
    *g = (struct grant){.ports = {0}};
    for (int port = 1; port < GRANT_END; port++) {
        for (size_t i = 0; i < PROTO_COUNT; i++) {
            if (is_granted(t, PROTOS[i], (uint16_t)port))
                g->ports[port] |= (uint8_t)(1U << PROTOS[i]);
        }
    }
}

/* Returns whether a socket for the rule is written: without a protocol, it is TCP. */
static bool has_socket(const struct rule *rule, enum proto proto)
{
    return !has_no_server(rule) && (proto == PROTO_TCP || rule->proto == proto);
}

/* Of sockets that conflict, the one with more addresses is written. */
static int width_of(const struct addr *host)
{
    if (!addr_is_wildcard(host))
        return 0;
    return host->family == AF_INET ? 1 : host->family == AF_INET6 ? 2 : 3;
}

/* Returns whether rule `other`, which has the port as well, leaves no socket to `rule`. */
static bool replaces(const struct table *t, size_t other, size_t rule, enum proto proto)
{
    const struct addr *its = &t->rule[other].host, *ours = &t->rule[rule].host;
    int more = width_of(its) - width_of(ours);

    if (!has_socket(&t->rule[other], proto))
        return other < rule && (its->family == AF_UNSPEC || addr_equal(its, ours));
    return addr_overlap(its, ours) && (more > 0 || (more == 0 && other < rule));
}

bool grant_needs_socket(const struct table *t, size_t rule, enum proto proto, uint16_t port)
{
    const struct rule *r = &t->rule[rule];
    bool is_needed = has_port(r, proto, port) && has_socket(r, proto);
    bool is_decided = false; /* for every address */

    for (size_t i = 0; i < t->count && is_needed && !is_decided; i++) {
        if (i == rule || !has_port(&t->rule[i], proto, port))
            continue;
        is_needed = !replaces(t, i, rule, proto);
        is_decided = t->rule[i].host.family == AF_UNSPEC;
    }
    return is_needed;
}

static uint8_t bits_of(enum proto proto)
{
    uint8_t bits = 0;

    for (size_t i = 0; i < PROTO_COUNT; i++) {
        if (proto == PROTO_ANY || proto == PROTOS[i])
            bits = (uint8_t)(bits | 1U << PROTOS[i]);
    }
    return bits;
}

/* Returns whether ports of this set are part of a range of `proto`: each is in one range only. */
static bool is_of(uint8_t ports, enum proto proto)
{
    uint8_t all = bits_of(PROTO_ANY);

    return proto == PROTO_ANY ? ports == all : ports != all && (ports & bits_of(proto)) != 0;
}

/* Finds the first range of `proto` that begins at `port` or later. */
static bool find(const struct grant *g, enum proto proto, uint16_t port, struct grant_range *range)
{
    while (port < GRANT_END && !is_of(g->ports[port], proto))
        port++;
    *range = (struct grant_range){proto, port, port};
    while (range->last + 1 < GRANT_END && is_of(g->ports[range->last + 1], proto))
        range->last++;
    return port < GRANT_END;
}

bool grant_next(const struct grant *g, struct grant_range *range)
{
    for (enum proto proto = range->proto; proto <= PROTO_SCTP; proto++) {
        uint16_t port = proto == range->proto ? (uint16_t)(range->last + 1) : 1;
        if (find(g, proto, port, range))
            return true;
    }
    return false;
}

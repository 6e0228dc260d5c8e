#include "export/grant.h"

static const enum proto PROTOS[] = {PROTO_TCP, PROTO_UDP, PROTO_SCTP};
enum { PROTO_COUNT = sizeof(PROTOS) / sizeof(PROTOS[0]) };

/* Returns whether some rule lets a server have the port, on some address. */
static bool is_granted(const struct table *t, enum proto proto, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (port < rule->first || port > rule->last ||
            (rule->proto != PROTO_ANY && rule->proto != proto))
            continue;
        if (rule->target != RULE_DENY)
            return true;
        if (rule->host.family == AF_UNSPEC)
            return false;
    }
    return false;
}

enum grant_note grant_note(const struct rule *rule)
{
    if (rule->target == RULE_DENY)
        return GRANT_DENY;
    if (rule->first >= GRANT_END)
        return GRANT_UNPRIVILEGED;
    return rule->to.family != AF_UNSPEC || rule->to_wildcard ? GRANT_ADDRESS : GRANT_DONE;
}

void grant_make(struct grant *g, const struct table *t)
{
    *g = (struct grant){.ports = {0}};
    for (uint16_t port = 1; port < GRANT_END; port++) {
        for (size_t i = 0; i < PROTO_COUNT; i++) {
            if (is_granted(t, PROTOS[i], port))
                g->ports[port] |= (uint8_t)(1U << PROTOS[i]);
        }
    }
}

static uint8_t bits_of(enum proto proto)
{
    uint8_t bits = 0;

    for (size_t i = 0; i < PROTO_COUNT; i++)
        bits |= (uint8_t)(proto == PROTO_ANY || proto == PROTOS[i] ? 1U << PROTOS[i] : 0);
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

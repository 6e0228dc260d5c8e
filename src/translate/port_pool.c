#include "translate/port_pool.h"

enum { FIRST_UNPRIVILEGED = 1024, PORT_MAX = 65535 };

struct port_pool port_pool_range(uint16_t first, uint16_t last)
{
    return (struct port_pool){first, last, .at = first, .left = (uint32_t)(last - first) + 1};
}

struct port_pool port_pool_auto(const struct table *table, uint16_t asked, uint32_t seed,
                                struct port_range ephemeral)
{
    struct port_pool p = port_pool_range(FIRST_UNPRIVILEGED, PORT_MAX);
    uint32_t mixed = ((seed ^ seed >> 16) * 40503U + asked) * 2654435761U;

    p.avoid = table;
    p.low = ephemeral.first;
    p.high = ephemeral.last;
    uint32_t skipped = (uint32_t)(p.high - p.low) + 1;
    if (skipped >= p.left) { /* all ports are ephemeral: better one of these than none */
        skipped = 0;
        p.low = p.high = 0;
    }
    uint32_t start = FIRST_UNPRIVILEGED + mixed % (p.left - skipped);
    p.at = (uint16_t)(start < p.low || skipped == 0 ? start : start + skipped);
    return p;
}

uint16_t port_pool_next(struct port_pool *p)
{
    while (p->left > 0) {
        uint16_t port = p->at;
        bool is_skipped = port >= p->low && port <= p->high;
        p->at = port == p->last ? p->first : (uint16_t)(port + 1);
        p->left--;
        if (!is_skipped && (p->avoid == NULL || !table_uses_port(p->avoid, port))) {
            p->has_given = true;
            return port;
        }
        if (p->left == 0 && p->avoid != NULL && !p->has_given) {
            p->avoid = NULL;
            p->left = (uint32_t)(p->last - p->first) + 1;
        }
    }
    return 0;
}

/* Finding the records of an asked port. */
#include <stdatomic.h>

#include "registry/layout.h"

/* Returns whether one of the four ports in a word may be the port. False positives are possible. */
static inline bool may_have_lane(uint64_t word, uint64_t ports)
{
    const uint64_t ones = UINT64_C(0x0001000100010001);
    uint64_t other = word ^ ports;
    return ((other - ones) & ~other & ones << 15) != 0;
}

/* Returns the first index from `step` on, a multiple of LANES, whose word may have the port. */
static unsigned skip_others(const struct registry *r, uint64_t netns, uint16_t port, unsigned step)
{
    const uint64_t ports = UINT64_C(0x0001000100010001) * port;
    uint32_t parts =
        atomic_load_explicit(&r->ports.asked[ports_asked(netns, port)], memory_order_acquire);

    while (step < RECORDS) {
        unsigned end = (step / PART + 1) * PART;
        if ((parts >> step / PART & 1) == 0)
            step = end;
        for (; step < end; step += LANES) {
            if (may_have_lane(
                    atomic_load_explicit(&r->asked_ports[step / LANES], memory_order_acquire),
                    ports))
                return step;
        }
    }
    return step;
}

bool registry_next_asked(const struct registry *r, uint64_t netns, uint16_t port,
                         struct registry_walk *w, struct registry_entry *e)
{
    struct record record;

    for (;;) {
        if (w->step % LANES == 0)
            w->step = skip_others(r, netns, port, w->step);
        if (w->step >= RECORDS)
            return false;
        unsigned index = w->step++;
        if (layout_is_valid(r, index) && record_read(&r->slot[index], &record) &&
            record.asked_port == port && record.netns == netns) {
            record_to_entry(&record, e);
            return true;
        }
    }
}

/* Returns whether the kernel would refuse `a` because of `b` if both had their asked endpoints. */
static bool conflicts(const struct registry_entry *a, const struct registry_entry *b)
{
    bool is_one_family = a->asked.addr.family == b->asked.addr.family;
    return endpoint_overlap(&a->asked, &b->asked) && (is_one_family || (!a->v6only && !b->v6only));
}

bool registry_by_asked(const struct registry *r, const struct registry_entry *wanted,
                       struct registry_entry *e, bool *in_way)
{
    struct registry_walk walk = {0};
    struct registry_entry entry;
    bool is_found = false;

    while (registry_next_asked(r, wanted->netns, wanted->asked.port, &walk, &entry)) {
        if (entry.is_adopted)
            continue;
        bool blocks = conflicts(wanted, &entry);
        bool is_newer = !is_found || (int32_t)(entry.order - e->order) > 0;
        if (!is_found || (blocks && !*in_way) || (blocks == *in_way && is_newer)) {
            *e = entry;
            *in_way = blocks;
        }
        is_found = true;
    }
    return is_found;
}

#include "translate/group.h"

enum { SEEN = sizeof(((struct group_walk *)0)->seen) / sizeof(uint16_t) };

/* Returns whether what is sent to the group reaches the actual socket of the record, on its port. */
static bool is_member(const struct target *t, const struct registry_entry *e)
{
    struct addr own = addr_unmapped(&e->actual.addr), group = addr_unmapped(&t->asked.addr);

    return e->actual.proto == PROTO_UDP && e->actual.port != t->asked.port &&
           (addr_is_wildcard(&own) || addr_equal(&own, &group));
}

static bool is_new(struct group_walk *w, uint16_t port)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (w->seen[i] == port)
            return false;
    }
    if (w->count == SEEN)
        return false;
    w->seen[w->count++] = port;
    return true;
}

bool group_next(struct target *t, struct group_walk *w)
{
    struct registry_entry e;

    while (registry_next_asked(t->registry, t->netns, t->asked.port, &w->records, &e)) {
        if (is_member(t, &e) && is_new(w, e.actual.port))
            return server_redirect(t, NULL, e.actual.port);
    }
    return false;
}

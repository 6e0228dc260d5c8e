/* What becomes of packets to one address and a run of ports: what a rule makes of who binds that. */
#ifndef EXPORT_TARGET_H
#define EXPORT_TARGET_H

#include <stddef.h>

#include "export/redirect.h"

/* Ports below are privileged (capabilities(7), CAP_NET_BIND_SERVICE). */
enum { TARGET_PRIVILEGED_END = 1024 };

/* What is asked. Borrowed. */
struct target_input {
    const struct table *table;
    const struct redirect_live *live;
    size_t live_count;
};

/*
 * Fills in where packets go that the line is about: of its protocol, its family and its host, to
 * the ports first..last, of which each rule must match all or none.
 */
void target_resolve(const struct target_input *in, struct redirect_line *line);

#endif

/* What becomes of packets to one address and a run of ports. */
#ifndef EXPORT_TARGET_H
#define EXPORT_TARGET_H

#include <stddef.h>

#include "export/redirect.h"

/* Ports below are privileged (capabilities(7), CAP_NET_BIND_SERVICE). */
enum { TARGET_PRIVILEGED_END = 1024 };

/* The table, and the running servers. Borrowed. */
struct target_input {
    const struct table *table;
    const struct redirect_live *live;
    size_t live_count;
};

/*
 * Sets the target of a line, whose protocol, family, host and ports are set. Each rule must match
 * all of its ports or none.
 */
void target_resolve(const struct target_input *in, struct redirect_line *line);

#endif

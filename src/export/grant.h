/* The privileged ports that the table names, for a server that is given those ports themselves. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/table.h"

enum { GRANT_END = 1024 /* of the privileged ports */ };

/* What to tell people about a rule. */
enum grant_note {
    GRANT_DONE,         /* nothing */
    GRANT_NO_SERVER,    /* it denies or drops its ports */
    GRANT_UNPRIVILEGED, /* all may bind its ports */
    GRANT_ADDRESS,      /* its target has an address, which does not apply */
};

enum grant_note grant_note(const struct rule *rule);

/* A bit of `ports` is 1 << proto. */
struct grant {
    uint8_t ports[GRANT_END];
};

/* Ports of one protocol, or of all (PROTO_ANY). */
struct grant_range {
    enum proto proto;
    uint16_t first, last;
};

void grant_make(struct grant *g, const struct table *t);

/*
 * Returns whether a server needs a socket of its own for this port of a rule: no other rule decides,
 * and no socket for more addresses does as well. `proto` is TCP, for rules without a protocol, too;
 * or UDP, for rules that name it.
 */
bool grant_needs_socket(const struct table *t, size_t rule, enum proto proto, uint16_t port);

/* Sets *range to the next one, by protocol and port. It begins as {0}. Returns false at the end. */
bool grant_next(const struct grant *g, struct grant_range *range);

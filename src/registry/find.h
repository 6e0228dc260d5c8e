/* Finding records by their actual endpoint or port. Internal to this room. */
#pragma once

#include "registry/record.h"

/* What to look for: find_start(), then one of the two functions for an address. */
struct find_wanted {
    uint64_t netns;
    uint16_t port;
    enum proto proto; /* PROTO_ANY for all */
    uint8_t family;
    int count;
    uint64_t addr[3][2];
    uint64_t tag[3];
};

HOT static inline void find_start(struct find_wanted *w, uint64_t netns, enum proto proto,
                                  uint8_t family, uint16_t port)
{
    w->netns = netns;
    w->port = port;
    w->proto = proto;
    w->family = family;
}

/* Looks for an address, as a record has it, alone. */
void find_exact(struct find_wanted *w, const uint64_t addr[2]);

/* Also looks for the wildcards that cover it; for a v4-mapped one, ::ffff:0.0.0.0 too. */
void find_with_wildcards(struct find_wanted *w, const uint64_t addr[2]);

/*
 * What was found. A record of the exact address precedes one of a wildcard; a newer one precedes an
 * older one.
 */
struct find_matches {
    struct record best; /* its key */
    unsigned index;     /* of that record */
    int best_addr;
    bool is_found;
    bool have_protocols, have_answers; /* several */
};

void find_matches(const struct registry *r, const struct find_wanted *w, struct find_matches *m);

/* A walk over the records of an actual port. It begins with all zeros. */
struct find_walk {
    unsigned step, index;
};

/* Reads the next record of an actual port in a namespace. Returns false at the end. */
bool find_next(const struct registry *r, uint64_t netns, uint16_t port, struct find_walk *w,
               struct record *record);

/* Reads the next record of all. Returns false at the end. */
bool find_next_of_all(const struct registry *r, struct find_walk *w, struct record *record);

/*
 * Name servers of the tree, for the resolver of glibc (resolver(3)), which connects inside. Each
 * names_begin goes before a look-up of names, and names_end() after it. Each keeps errno and h_errno.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

/* resolv.h is not included here: it renames functions that calls.def has. */
struct __res_state;

enum { NAMES_MAX = 3 }; /* MAXNS of resolv.h */

/* What was changed in a state of the resolver. */
struct names_change {
    struct __res_state *state;                               /* NULL if nothing was changed */
    struct sockaddr_in6 asked[NAMES_MAX], actual[NAMES_MAX]; /* family 0: not changed */
    bool is_by_tcp; /* the state asks by TCP, and did not */
};

/*
 * Writes where name servers of the tree are to the resolver's state of this thread, if a server in
 * the tree may have asked for their port. Else it changes nothing, and does not look at the state.
 */
void names_begin(struct names_change *change);

/* The same, for a state of the program's own. */
void names_begin_state(struct names_change *change, struct __res_state *state);

/* Puts back what was changed, where the state still has it. */
void names_end(const struct names_change *change);

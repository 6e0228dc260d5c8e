/*
 * The table as remap-redirect(8) takes it: which ports of the outside go where, with nothing
 * left to decide. Rules overlap, and the first that matches decides; lines do not.
 */
#ifndef EXPORT_REDIRECT_H
#define EXPORT_REDIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/table.h"

/* A port that lives, for rules that leave the choice of it to the moment. */
struct redirect_live {
    struct endpoint asked, actual; /* of a known protocol */
    bool v6only;
    uint64_t order; /* the later was bound later */
};

/*
 * What becomes of packets of `proto` (PROTO_ANY: of TCP and of UDP) and `family` (AF_UNSPEC:
 * of both) to `host` (AF_UNSPEC: any address of this host) and a port of first..last: they
 * are left alone, or go to `to` (AF_UNSPEC: the address stays) and the port as far behind
 * to_first. Lines of one address come before those of any.
 */
struct redirect_line {
    enum proto proto;
    uint8_t family;
    bool is_alone;
    bool is_guess; /* nobody lives whom the rule could mean: the first port of its choice */
    struct addr host, to;
    uint16_t first, last, to_first;
    int rule; /* the index of the rule that decides, or -1 */
};

/* What is to be said of a rule. */
enum redirect_note {
    REDIRECT_DONE,       /* it has lines, or nothing to decide */
    REDIRECT_KEEP,       /* keep */
    REDIRECT_DENY,       /* deny */
    REDIRECT_SCTP,       /* of a protocol that is not redirected */
    REDIRECT_NOBODY,     /* auto, and nobody lives there */
    REDIRECT_FIRST,      /* a pool where nobody lives: its first port stands for it */
    REDIRECT_LOOPBACK,   /* goes to a loopback address, which only this host reaches */
    REDIRECT_PRIVILEGED, /* goes to a privileged port: must not be done at all */
};

struct redirect {
    struct redirect_line *line; /* malloc'ed */
    size_t count;
    enum redirect_note note[TABLE_MAX];
};

/*
 * Works the lines out. False where there is no memory; otherwise redirect_free frees them. Live
 * ports that are privileged themselves are passed by.
 */
bool redirect_make(struct redirect *r, const struct table *t, const struct redirect_live *live,
                   size_t live_count);
void redirect_free(struct redirect *r);

/* Whether a packet of the outside to that endpoint, which has a protocol and an address, is sent elsewhere. */
bool redirect_takes(const struct redirect *r, const struct endpoint *e);

/*
 * Prints a line each:   PROTO FAMILY HOST FIRST LAST TO TO-FIRST
 *
 *   PROTO   tcp, udp, or * for both         FAMILY  ipv4, ipv6, or * for both
 *   HOST    an address, or * for any        TO      an address, or * for the same; or -,
 *                                                   and TO-FIRST too, for left alone
 */
void redirect_print(const struct redirect *r, FILE *out);

#endif

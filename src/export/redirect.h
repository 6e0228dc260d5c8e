/*
 * The table, worked out: which packets go where. Rules overlap, and the first that matches decides.
 * Lines do not overlap, and leave nothing to decide.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/table.h"

/* A running server, for rules that choose a port when it starts. */
struct redirect_live {
    struct endpoint asked, actual; /* of a known protocol */
    bool v6only;
    uint64_t order; /* a later bind has a higher number */
};

/*
 * What becomes of packets of `proto` (PROTO_ANY: TCP and UDP) and `family` (AF_UNSPEC: both) to
 * `host` (AF_UNSPEC: any address of this host) and a port of first..last. They are left alone, or
 * go to `to` (AF_UNSPEC: the same address) and as many ports from to_first. Lines of one address
 * come before lines of any address. Each is of one rule.
 */
struct redirect_line {
    enum proto proto;
    uint8_t family;
    bool is_alone;
    struct addr host, to;
    uint16_t first, last, to_first;
    size_t rule; /* of the table, unless it is left alone */
};

/* What to tell people about a rule. */
enum redirect_note {
    REDIRECT_DONE,       /* nothing: it has lines, or nothing to decide */
    REDIRECT_NO_PORT,    /* its target is neither a port nor auto */
    REDIRECT_SCTP,       /* its protocol is not redirected */
    REDIRECT_NO_SERVER,  /* auto, and no server is running */
    REDIRECT_FIRST,      /* a choice of ports, and no server is running: the first was taken */
    REDIRECT_LOOPBACK,   /* its target is a loopback address, which only this host reaches */
    REDIRECT_PRIVILEGED, /* its target is a privileged port: an error */
};

struct redirect {
    struct redirect_line *line; /* malloc'ed */
    size_t count;
    enum redirect_note note[TABLE_MAX];
};

/*
 * Works out the lines. Those of one family have a target of the other if `crosses`, as a proxy can
 * connect there. Ignores servers whose actual port is privileged. Returns false if there is no
 * memory; otherwise the caller frees the lines with redirect_free.
 */
__attribute__((warn_unused_result)) bool redirect_make(struct redirect *r, const struct table *t,
                                                       bool crosses,
                                                       const struct redirect_live *live,
                                                       size_t live_count);
void redirect_free(struct redirect *r);

/* Whether packets from other hosts to `e`, which has a protocol and an address, are redirected. */
bool redirect_takes(const struct redirect *r, const struct endpoint *e);

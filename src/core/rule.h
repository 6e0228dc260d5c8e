/* One rule: its grammar, its normal form, what it matches and what becomes of that. */
#ifndef CORE_RULE_H
#define CORE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/diag.h"
#include "core/endpoint.h"
#include "core/span.h"
#include "core/text.h"

/*
 *   rule   = [ proto ( " " | "/" ) ] [ host ":" ] ports "=" target
 *   proto  = "tcp" | "udp" | "sctp"              none: every protocol
 *   host   = "*" | IPv4 | "[" IPv6 "]"           none: every address
 *   ports  = port | port "-" port                a number 1-65535, or an IANA name
 *   target = [ host ":" ] ( port | port "-" port | "+" n | "-" n )
 *          | "auto" | "keep" | "deny"
 *
 * Blanks may stand around a rule and around its "=".
 */

enum rule_target {
    RULE_PORTS,  /* port by port onto as many */
    RULE_OFFSET, /* the same, written as a distance */
    RULE_POOL,   /* one port onto the first free one of several */
    RULE_AUTO,   /* onto any free port */
    RULE_KEEP,   /* left alone */
    RULE_DENY,   /* refused with EACCES */
};

/*
 * Invariant: 1 <= first <= last <= 65535. For RULE_PORTS and RULE_OFFSET,
 * to_first..to_last are ports too and as many as first..last; for RULE_POOL,
 * first == last and to_first < to_last; else both are 0, and there is no `to`.
 * No address here is v4-mapped.
 */
struct rule {
    enum proto proto;
    enum rule_target target;
    uint16_t first, last;       /* the ports asked for */
    uint16_t to_first, to_last; /* the ports they become */
    struct addr host;           /* AF_UNSPEC: every address */
    struct addr to;             /* AF_UNSPEC: the address that was asked for */
    bool to_wildcard;           /* "*": the wildcard address of the socket's own family */
};

/* A text and what to call it in messages. Borrowed, and not NUL-terminated. */
struct source {
    const char *name;
    const char *text;
    size_t size;
};

/* Holds any rule in normal form. */
enum { RULE_TEXT_MAX = 128 };

/*
 * Reads the rule that is all of `text`, a part of source->text without blanks
 * at either end. False, with *rule untouched and *d filled in, where it is none.
 */
bool rule_parse(struct rule *rule, const struct source *source, struct span text, struct diag *d);

/*
 * Reads the left side of a rule with a single port ("tcp/127.0.0.1:80") as an
 * endpoint. An address that is not given is AF_UNSPEC. False, with *e untouched
 * and *d filled in, where it is none.
 */
bool rule_parse_endpoint(struct endpoint *e, const struct source *source, struct diag *d);

/*
 * Appends the normal form: numbers for names, one blank after the protocol, nothing that
 * says nothing.
 */
void rule_format(const struct rule *rule, struct text *out);

enum rule_verdict {
    RULE_DECIDES,
    RULE_OTHER_PROTO,
    RULE_OTHER_HOST,
    RULE_OTHER_PORT,
};

/* Whether the rule decides on `asked`, or the first thing about it that does not match. */
enum rule_verdict rule_judge(const struct rule *rule, const struct endpoint *asked);

/*
 * The ports that the rule has for `port`, one that it matches: *from..*to.
 * False for a rule that names none (auto, keep, deny).
 */
bool rule_ports_for(const struct rule *rule, uint16_t port, uint16_t *from, uint16_t *to);

#endif

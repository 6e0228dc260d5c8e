/* One rule: its grammar, its normal form and what it matches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/diag.h"
#include "core/endpoint.h"
#include "core/text.h"

/*
 *   rule   = [ proto ( " " | "/" ) ] [ host ":" ] ports "=" target
 *   proto  = "tcp" | "udp" | "sctp"              none: every protocol
 *   host   = "*" | IPv4 | "[" IPv6 "]"           none: every address
 *   ports  = port | port "-" port                a number 1-65535, or an IANA name
 *   target = [ host ":" ] ( port | port "-" port | "+" n | "-" n )
 *          | "auto" | "keep" | "deny" [ ":" errno ] | "drop" | "systemd" [ ":" name ]
 *   errno  = a name of errno(3), or its number
 *   name   = that of a socket (FileDescriptorName=, systemd.socket(5))
 *
 * Blanks may stand around a rule and around its "=".
 */

enum rule_target {
    RULE_PORTS,   /* to a range of the same length */
    RULE_OFFSET,  /* the same, written as an offset */
    RULE_POOL,    /* one port to the first free one of a range */
    RULE_AUTO,    /* to any free port */
    RULE_KEEP,    /* not remapped */
    RULE_DENY,    /* refused with an errno */
    RULE_DROP,    /* to any free port, where no packet gets in */
    RULE_SYSTEMD, /* to a socket that the service manager passed (sd_listen_fds(3)) */
};

/* Holds the name of a passed socket, and a NUL. */
enum { RULE_NAME_SIZE = 64 };

/*
 * Invariant: 1 <= first <= last <= 65535. For RULE_PORTS and RULE_OFFSET, to_first..to_last
 * is a range of ports of the same length. For RULE_POOL, first == last and to_first <
 * to_last. For RULE_KEEP, it is first..last, and for the others, both are 0; `to` is
 * AF_UNSPEC then. No address is v4-mapped.
 */
struct rule {
    enum proto proto;
    enum rule_target target;
    uint16_t first, last;       /* the ports asked for */
    uint16_t to_first, to_last; /* the ports they become */
    uint16_t error;             /* the errno for RULE_DENY */
    struct addr host;           /* AF_UNSPEC: every address */
    struct addr to;             /* AF_UNSPEC: the address that was asked for */
    bool to_wildcard;           /* "*": the wildcard address of the socket's own family */
    char name[RULE_NAME_SIZE];  /* for RULE_SYSTEMD; "": the socket is found by its port */
};

/* Returns the name of a kind of target. From RULE_AUTO on, it is the word of the grammar. */
const char *rule_target_name(enum rule_target target);

/* Holds any rule in normal form. */
enum { RULE_TEXT_MAX = 128 };

/*
 * Reads `text`, a part of source->text without blanks at its ends, as one rule. Returns
 * false with *rule untouched and *d filled in if it is invalid.
 */
bool rule_parse(struct rule *rule, const struct source *source, struct span text, struct diag *d);

/* Reads the left side of a rule alone likewise ("udp 53"), as a rule that keeps these ports. */
bool rule_parse_asked(struct rule *rule, const struct source *source, struct span text,
                      struct diag *d);

/*
 * Reads all of source->text as one rule, in the words of other programs that publish ports:
 *
 *   published = [ host ":" ] ports ":" asked [ "/" proto ]
 *
 * The rule maps `asked`, ports too, to those in front of it. Returns as rule_parse does.
 */
bool rule_parse_published(struct rule *rule, const struct source *source, struct diag *d);

/*
 * Reads an endpoint written as the left side of a rule with one port ("tcp/127.0.0.1:80").
 * The address is AF_UNSPEC if none is given. Returns false with *e untouched and *d filled
 * in if it is invalid.
 */
bool rule_parse_endpoint(struct endpoint *e, const struct source *source, struct diag *d);

/* Appends the normal form: numbers instead of names, one blank after the protocol. */
void rule_format(const struct rule *rule, struct text *out);

/* Appends the left side of the normal form. */
void rule_format_asked(const struct rule *rule, struct text *out);

enum rule_verdict {
    RULE_DECIDES,
    RULE_OTHER_PROTO,
    RULE_OTHER_HOST,
    RULE_OTHER_PORT,
};

/* Returns RULE_DECIDES if the rule matches `asked`, else the first part that does not match. */
enum rule_verdict rule_judge(const struct rule *rule, const struct endpoint *asked);

/* The ordered list of rules, and what it decides: the first rule that matches. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rule.h"

enum {
    TABLE_MAX = 256,
    /* Holds any table in normal form. */
    TABLE_TEXT_MAX = TABLE_MAX * RULE_TEXT_MAX,
};

/* The table if none is given. */
#define TABLE_DEFAULT "1-1023=+8000"

/* Invariant: count <= TABLE_MAX, and the first `count` rules hold theirs. */
struct table {
    size_t count;
    struct rule rule[TABLE_MAX];
};

/*
 * Reads   rules = rule { ( "," | newline ) rule }   and appends them to the table.
 * Comments run from "#" to the end of the line. Lines and the whole text may be empty.
 * Returns false with *t untouched and *d filled in if a rule is invalid, or if there are
 * too many.
 */
bool table_parse(struct table *t, const struct source *source, struct diag *d);

/* Reads left sides of rules likewise ("http,udp/53,127.0.0.1:25"), as rules that keep these ports. */
bool table_parse_asked(struct table *t, const struct source *source, struct diag *d);

/*
 * Appends the table in normal form, with `separator` (',' or '\n') between the rules. An
 * empty table is a comment, since an empty text would mean another source.
 */
void table_format(const struct table *t, char separator, struct text *out);

/* Appends the left sides of the rules in normal form, separated by commas. */
void table_format_asked(const struct table *t, struct text *out);

enum action {
    ACTION_MAP = RULE_PORTS,       /* to the first free port of first..last */
    ACTION_AUTO = RULE_AUTO,       /* to any free port */
    ACTION_PASS = RULE_KEEP,       /* to the asked port */
    ACTION_DENY = RULE_DENY,       /* refuse, with the errno of the rule */
    ACTION_DROP = RULE_DROP,       /* to any free port, where no packet gets in */
    ACTION_SYSTEMD = RULE_SYSTEMD, /* to a passed socket, which the rule may name */
};

/*
 * `rule` is the index of the rule that decides, or -1. `host` replaces the asked address
 * unless it is AF_UNSPEC. The ports are set only for ACTION_MAP.
 */
struct decision {
    enum action action;
    int rule;
    struct addr host;
    uint16_t first, last;
};

/* Returns whether a rule matches this port with some protocol and address. */
bool table_names_port(const struct table *t, uint16_t port);

/* Returns whether a rule for this port names a protocol. */
bool table_needs_proto(const struct table *t, uint16_t port);

/* Decides on a bind to `asked`, which has a protocol and an address. */
struct decision table_decide(const struct table *t, const struct endpoint *asked);

/* Returns whether a rule has this target. */
bool table_has_target(const struct table *t, enum rule_target target);

/* Returns whether a rule matches `port` or maps to it. */
bool table_uses_port(const struct table *t, uint16_t port);

/* Returns whether earlier rules match all that rule `index` matches. */
bool table_rule_is_dead(const struct table *t, size_t index);

/* Two asked ports that the table sends to one actual port. */
struct meeting {
    uint16_t asked[2];
    uint16_t actual;
};

/*
 * Returns whether the rules `i` and `j` can map two asked ports to one actual endpoint, and
 * stores the first such case in *m. Two pools never collide: each takes a free port.
 */
bool table_rules_meet(const struct table *t, size_t i, size_t j, struct meeting *m);

/* The ordered list of rules, and what it decides: the first rule that matches. */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rule.h"

enum {
    TABLE_MAX = 256,
    /* Holds any table in normal form. */
    TABLE_TEXT_MAX = TABLE_MAX * RULE_TEXT_MAX,
};

/* The table of those who give none. */
#define TABLE_DEFAULT "1-1023=+8000"

/* Invariant: count <= TABLE_MAX, and each of the first `count` rules keeps its own. */
struct table {
    size_t count;
    struct rule rule[TABLE_MAX];
};

/*
 * Reads   rules = rule { ( "," | newline ) rule }   and appends them to the table.
 * Comments run from "#" to the end of the line; lines may be empty, and so may
 * the whole text. False, with the table as it was and *d filled in, where a rule
 * is faulty or one too many.
 */
bool table_parse(struct table *t, const struct source *source, struct diag *d);

/*
 * Appends the table in normal form, with `separator` (',' or '\n') between the
 * rules. A table without any is a comment, so that it is never an empty text.
 */
void table_format(const struct table *t, char separator, struct text *out);

enum action {
    ACTION_PASS, /* as it was asked */
    ACTION_DENY, /* EACCES */
    ACTION_MAP,  /* to the first free port of first..last */
    ACTION_AUTO, /* to any free port */
};

/*
 * `rule` is the index of the rule that decides, or -1. `host` is the address to
 * bind instead of the one that was asked for, or AF_UNSPEC. Ports are given
 * with ACTION_MAP alone.
 */
struct decision {
    enum action action;
    int rule;
    struct addr host;
    uint16_t first, last;
};

/* Whether any rule has to do with this port, whatever the protocol and the address. */
bool table_names_port(const struct table *t, uint16_t port);

/*
 * Whether a rule that has to do with this port is of one protocol. Where none is,
 * table_decide may be given PROTO_ANY.
 */
bool table_needs_proto(const struct table *t, uint16_t port);

/* What becomes of a bind to `asked`, whose protocol is known and which has an address. */
struct decision table_decide(const struct table *t, const struct endpoint *asked);

/* Whether `port` is one that a rule of the table maps to, or asks for. */
bool table_uses_port(const struct table *t, uint16_t port);

/* Whether the rules before rule `index` leave it nothing to decide. */
bool table_rule_is_dead(const struct table *t, size_t index);

/* Two asked ports that the table sends to one actual port. */
struct meeting {
    uint16_t asked[2];
    uint16_t actual;
};

/*
 * Whether the rules `i` and `j` can send two different asked ports to the same
 * actual endpoint; the first such case is left in *m. Two pools never meet: each
 * takes what the other left.
 */
bool table_rules_meet(const struct table *t, size_t i, size_t j, struct meeting *m);

#endif

/*
 * The words that the left side of a rule is made of (rule.h), and endpoints: ports, protocol, host. Errors
 * point at the text. Each function that returns bool returns false with the diagnostic filled in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/diag.h"
#include "core/endpoint.h"
#include "core/text.h"

enum { WORDS_PORT_MAX = 65535 };

/* What is read, and where errors go. */
struct words {
    const struct source *source;
    struct diag *diag;
    const char *end; /* of the rule */
};

/* ---- errors: each returns false, for its caller to return ---- */

bool words_fault(const struct words *w, const char *at, const char *message);

/* Reports "BEFORE'TEXT'AFTER", at the text. */
bool words_fault_quoting(const struct words *w, const char *before, struct span s,
                         const char *after);

/* Reports what is between `at` and `end`. */
bool words_fault_left_over(const struct words *w, const char *at, const char *end);

/* ---- all of `s` ---- */

/* Reads leading digits, and returns their end. The number stops growing above WORDS_PORT_MAX. */
const char *words_number(struct span s, unsigned *number);

/* Reads one port, by number or name. */
bool words_port(const struct words *w, struct span s, uint16_t *port);

/* Reads a port or a range. */
bool words_ports(const struct words *w, struct span s, uint16_t *first, uint16_t *last);

/* ---- each removes what it reads from the front of `s` ---- */

/* Reads a protocol, if there is one: else it is PROTO_ANY. */
bool words_proto(const struct words *w, struct span *s, enum proto *proto);

/* Reads a host, if there is one: else its family is AF_UNSPEC. *wildcard is whether it is "*", which *host cannot express. */
bool words_host(const struct words *w, struct span *s, struct addr *host, bool *wildcard);

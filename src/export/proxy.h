/* What the formats of reverse proxies share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/rule.h"
#include "export/redirect.h"

/* Whether the port is one of HTTP without TLS, by its number at IANA: http or http-alt. */
bool proxy_is_http(uint16_t port);

/* Joins lines that differ in nothing but the protocol, or but the family. Drops those left alone. */
void proxy_join(struct redirect *r);

/* Splits the lines into those of HTTP ports and others. Returns false if there is no memory. */
__attribute__((warn_unused_result)) bool proxy_split(struct redirect *r);

bool proxy_has(const struct redirect_line *line, enum proto proto);

/*
 * Writes the address that a proxy connects to: that of the target, else the one that the server
 * bound, else a loopback address. IPv6 is in brackets. Returns the text.
 */
const char *proxy_target(const struct redirect_line *line, char buf[RULE_TEXT_MAX]);

/* Likewise the address that a proxy receives on; "" for any. */
const char *proxy_host(const struct redirect_line *line, char buf[RULE_TEXT_MAX]);

/*
 * Prints that datagrams to these ports are left out, if the rule is of any protocol. Formats name
 * the rules of UDP alone on standard error.
 */
void proxy_print_without_udp(const struct redirect_line *line, const char *indent, FILE *out);

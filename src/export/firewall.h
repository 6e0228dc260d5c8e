/* What the rules of nft and of iptables have in common. */
#pragma once

#include "export/format.h"

enum { FIREWALL_ADDR_MAX = 64 };

/*
 * Whether packets of the line are left alone: those of this host (`from_local`), or those of
 * other hosts, which cannot be sent to a loopback address.
 */
bool firewall_is_alone(const struct redirect_line *line, bool from_local);

/* Whether some line differs in that, so that this host needs rules of its own. */
bool firewall_is_split(const struct redirect *r);

/*
 * Whether line `index` has actual ports of `proto` (TCP or UDP), and is the first to have exactly
 * these: a loop over all lines finds each range once.
 */
bool firewall_has_actual(const struct redirect *r, size_t index, enum proto proto);

/* The last actual port of a line; `to_first` is the first. */
uint16_t firewall_to_last(const struct redirect_line *line);

/* The bit of the connection's label (0 to 127) that stands for this owner. */
unsigned firewall_label(const struct format_options *o);

/*
 * Prints two comments, from which remap-redirect knows what is up, each in a line after `before`:
 * "remap user=USER run=RUN"; and "remap mark=MARK given=yes|no :", where MARK tells this table from
 * others, with the options.
 */
void firewall_print_comments(const struct format_input *in, const char *before, FILE *out);

/*
 * Prints what the rules do, a comment for people: "# tcp 80 -> 8080, from outside". remap-redirect
 * shows it.
 */
void firewall_print_summary(const struct format_input *in, FILE *out);

/* Whether the comment has room for the options. */
bool firewall_fits(const struct format_options *o);

/* Formats an address, IPv6 without brackets. Writes to `buf`, and returns a text within it. */
const char *firewall_addr(const struct addr *addr, char buf[FIREWALL_ADDR_MAX]);

/*
 * What formats for containers have in common. A server in a container has the actual ports, and the
 * container publishes them as the asked ones. A rule without a protocol is for TCP there: a table
 * has it for a web server, whose UDP ports are rarely published.
 */
#pragma once

#include "export/format.h"

/* Where the library is in the image. */
#define CONTAINER_LIBRARY "/usr/local/lib/libremap.so"

/*
 * Takes UDP from the lines of a rule that names no protocol. Those of `auto` keep it: they are of
 * running servers.
 */
void container_narrow(struct redirect *r, const struct table *t);

/*
 * Prints the rules for the server in the container, between single quotes of YAML: those of the
 * lines, without addresses, which are those of the host. Choices are made: the ports are those that
 * are published.
 */
void container_print_rules(const struct format_input *in, FILE *out);

/* Prints comments, that of what a rule without a protocol is among them. */
void container_print_notes(FILE *out);

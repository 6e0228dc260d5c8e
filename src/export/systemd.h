/* Units of systemd. */
#ifndef EXPORT_SYSTEMD_H
#define EXPORT_SYSTEMD_H

#include <stddef.h>
#include <stdio.h>

#include "core/table.h"

/* "--name", and its value if it has one. Borrowed. */
struct systemd_option {
    const char *name;
    const char *value; /* NULL: none */
};

/*
 * Prints a oneshot service (systemd.service(5)) that runs `helper`, a path, with the table and
 * the options, when the system starts, and takes that back when it stops.
 */
void systemd_print_redirect(const char *helper, const struct table *t,
                            const struct systemd_option *options, size_t count, FILE *out);

#endif

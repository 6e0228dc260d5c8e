/* Units of systemd. */
#ifndef EXPORT_SYSTEMD_H
#define EXPORT_SYSTEMD_H

#include <stdio.h>

#include "core/table.h"

/*
 * Prints a oneshot service (systemd.service(5)) that runs `helper`, a path, with the table and
 * `options`, words that end with NULL, when the system starts, and takes that back when
 * it stops.
 */
void systemd_print_redirect(const char *helper, const struct table *t, const char *const *options,
                            FILE *out);

#endif

/* What a table redirects, and what to tell people about it. */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "export/format.h"

/*
 * Each works out the table. plan_for_now is for rules that are put up at once: it looks at the
 * running servers, names rules that are not redirected, and warns of servers that other hosts
 * cannot reach then. plan_for_later is for a unit, which runs remap-redirect: it only checks the
 * targets.
 *
 * Returns a status; if that is not STATUS_OK, a message was printed. The caller frees *r with
 * redirect_free in any case.
 */
int plan_for_now(struct redirect *r, const struct format_options *o, const struct table *t);
int plan_for_later(struct redirect *r, const struct table *t);

#endif

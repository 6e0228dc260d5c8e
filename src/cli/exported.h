/* What of the table a format can have, with a message for each rule that it cannot. */
#pragma once

#include "export/format.h"

/*
 * Each works the table out for a format, and ends the program if nothing of it can be exported.
 * *r and *g must live as long as *in. exported_redirect changes to the user of the options
 * permanently if rules leave a choice of ports.
 */
void exported_redirect(const struct format *format, struct format_input *in, struct redirect *r);
void exported_grant(const struct format *format, struct format_input *in, struct grant *g);

/* Ends the program if a rule goes to a privileged port. */
void exported_check_targets(const struct table *t);

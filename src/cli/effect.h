/* What a table does, in words. */
#pragma once

#include "core/table.h"
#include "core/text.h"

/* Appends "port 80 becomes 8080, port 443 becomes 8443", of the first few rules. There is one. */
void effect_text(const struct table *t, struct text *out);

/* Appends "8080" or "a free port" if a table has one rule, for one port. Returns whether it has. */
bool effect_port(const struct table *t, struct text *out);

/* The text of rules and endpoints, for printf. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "core/rule.h"

/* Each writes to `buf`, and returns it. */
const char *show_rule(const struct rule *rule, char buf[RULE_TEXT_MAX]);
const char *show_endpoint(const struct endpoint *e, char buf[RULE_TEXT_MAX]);

#endif

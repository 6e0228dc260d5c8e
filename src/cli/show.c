#include "cli/show.h"

const char *show_rule(const struct rule *rule, char buf[RULE_TEXT_MAX])
{
    struct text text;

    text_init(&text, buf, RULE_TEXT_MAX);
    rule_format(rule, &text);
    return buf;
}

const char *show_endpoint(const struct endpoint *e, char buf[RULE_TEXT_MAX])
{
    struct text text;

    text_init(&text, buf, RULE_TEXT_MAX);
    endpoint_format(e, &text);
    return buf;
}

#include "cli/effect.h"

#include <string.h>

#include "cli/output.h"
#include "core/errname.h"

/* A port that many have a rule for, and its usual target is well known. */
enum { EXAMPLE = 80 };

static void append_range(struct text *out, uint16_t first, uint16_t last)
{
    text_number(out, first);
    if (last == first)
        return;
    text_char(out, '-');
    text_number(out, last);
}

static void append_rule(const struct rule *rule, struct text *out)
{
    char buf[RULE_TEXT_MAX];
    bool is_range = rule->first != rule->last;

    output_rule(rule, buf);
    char *target = strchr(buf, '=');
    *target++ = '\0';
    if (rule->proto == PROTO_ANY && rule->host.family == AF_UNSPEC)
        text_string(out, is_range ? "ports " : "port ");
    text_string(out, buf);
    switch (rule->target) {
    case RULE_OFFSET:
        text_string(out, is_range ? " become " : " becomes ");
        append_range(out, rule->to_first, rule->to_last);
        break;
    case RULE_PORTS:
        text_string(out, is_range ? " become " : " becomes ");
        text_string(out, target);
        break;
    case RULE_POOL:
        text_string(out, " becomes one of ");
        text_string(out, target);
        break;
    case RULE_AUTO:
        text_string(out, is_range ? " go to free ports" : " goes to a free port");
        break;
    case RULE_KEEP:
        text_string(out, is_range ? " stay" : " stays");
        break;
    case RULE_DENY:
        text_string(out, is_range ? " are refused with " : " is refused with ");
        text_string(out, errname_of(rule->error));
        break;
    case RULE_DROP:
        text_string(out, is_range ? " are dropped" : " is dropped");
        break;
    case RULE_SYSTEMD:
        text_string(out, is_range ? " get passed sockets" : " gets a passed socket");
        break;
    }
}

void effect_text(const struct table *t, struct text *out)
{
    enum { SHOWN = 3 };
    const struct rule *first = &t->rule[0];
    bool moves = first->target == RULE_PORTS || first->target == RULE_OFFSET;

    for (size_t i = 0; i < t->count && i < SHOWN; i++) {
        text_string(out, i > 0 ? ", " : "");
        append_rule(&t->rule[i], out);
    }
    if (t->count > SHOWN)
        text_string(out, " ...");
    if (t->count == 1 && moves && first->first < EXAMPLE && first->last >= EXAMPLE) {
        text_string(out, ", so 80 becomes ");
        text_number(out, first->to_first + (unsigned long)(EXAMPLE - first->first));
    }
}

bool effect_port(const struct table *t, struct text *out)
{
    const struct rule *rule = &t->rule[0];
    bool is_one = t->count == 1 && rule->first == rule->last;

    if (is_one && rule->target == RULE_AUTO)
        text_string(out, "a free port");
    else if (is_one && (rule->target == RULE_PORTS || rule->target == RULE_OFFSET))
        text_number(out, rule->to_first);
    else
        return false;
    return true;
}

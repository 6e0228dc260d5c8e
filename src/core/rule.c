#include "core/rule.h"

#include <errno.h>

#include "core/errname.h"
#include "core/hot.h"

const char *rule_target_name(enum rule_target target)
{
    static const char *const NAMES[] = {
        [RULE_PORTS] = "ports", [RULE_OFFSET] = "offset",   [RULE_POOL] = "pool",
        [RULE_AUTO] = "auto",   [RULE_KEEP] = "keep",       [RULE_DENY] = "deny",
        [RULE_DROP] = "drop",   [RULE_SYSTEMD] = "systemd",
    };

    return NAMES[target];
}

static void format_ports(uint16_t first, uint16_t last, struct text *out)
{
    text_number(out, first);
    if (first != last) {
        text_char(out, '-');
        text_number(out, last);
    }
}

void rule_format_asked(const struct rule *rule, struct text *out)
{
    if (rule->proto != PROTO_ANY) {
        text_string(out, proto_name(rule->proto));
        text_char(out, ' ');
    }
    if (rule->host.family != AF_UNSPEC) {
        addr_format(&rule->host, out);
        text_char(out, ':');
    }
    format_ports(rule->first, rule->last, out);
}

void rule_format(const struct rule *rule, struct text *out)
{
    rule_format_asked(rule, out);
    text_char(out, '=');
    if (rule->target >= RULE_AUTO) {
        text_string(out, rule_target_name(rule->target));
        if (rule->target == RULE_DENY && rule->error != EACCES) {
            text_char(out, ':');
            text_string(out, errname_of(rule->error));
        }
        if (rule->name[0] != '\0') {
            text_char(out, ':');
            text_string(out, rule->name);
        }
        return;
    }
    if (rule->to_wildcard || rule->to.family != AF_UNSPEC) {
        addr_format(&rule->to, out);
        text_char(out, ':');
    }
    if (rule->target != RULE_OFFSET) {
        format_ports(rule->to_first, rule->to_last, out);
        return;
    }
    int offset = rule->to_first - rule->first;
    text_char(out, offset < 0 ? '-' : '+');
    text_number(out, (unsigned long)(offset < 0 ? -offset : offset));
}

HOT enum rule_verdict rule_judge(const struct rule *rule, const struct endpoint *asked)
{
    if (asked->port < rule->first || asked->port > rule->last)
        return RULE_OTHER_PORT;
    if (rule->proto != PROTO_ANY && rule->proto != asked->proto)
        return RULE_OTHER_PROTO;
    if (rule->host.family != AF_UNSPEC) {
        struct addr addr = addr_unmapped(&asked->addr);
        if (!addr_equal(&rule->host, &addr))
            return RULE_OTHER_HOST;
    }
    return RULE_DECIDES;
}

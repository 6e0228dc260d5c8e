#include "cli/warnings.h"

#include "cli/message.h"
#include "cli/output.h"
#include "linux/procfs.h"
#include "program/privilege.h"

static bool may_bind_all(void)
{
    enum privilege_to_bind source = privilege_to_bind();

    return source == PRIVILEGE_ROOT || source == PRIVILEGE_AMBIENT;
}

static void warn_of_dead(const struct table *t, size_t i)
{
    char buf[RULE_TEXT_MAX];

    message_print("warning: rule %zu (%s) is never used, since earlier rules match all its ports:"
                  " remove it, or move it up",
                  i + 1, output_rule(&t->rule[i], buf));
}

static void warn_of_privileged(const struct table *t, size_t i, long start)
{
    const struct rule *rule = &t->rule[i];
    char buf[RULE_TEXT_MAX];

    if (rule->target <= RULE_POOL && rule->to_first < start)
        message_print("warning: rule %zu (%s) maps to a privileged port, %u, which needs root:"
                      " choose a target from %ld up",
                      i + 1, output_rule(rule, buf), rule->to_first, start);
}

static void warn_of_meeting(const struct table *t, size_t i, size_t j)
{
    struct meeting m;

    if (table_rules_meet(t, i, j, &m))
        message_print("warning: rules %zu and %zu map ports %u and %u both to %u: give one of them"
                      " another target",
                      i + 1, j + 1, m.asked[0], m.asked[1], m.actual);
}

void warnings_print(const struct table *t, bool is_for_this_user)
{
    long start = (long)procfs_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", 1024);
    bool is_dead[TABLE_MAX];

    if (is_for_this_user && may_bind_all())
        start = 0;
    for (size_t i = 0; i < t->count; i++) {
        is_dead[i] = table_rule_is_dead(t, i);
        if (is_dead[i])
            warn_of_dead(t, i);
        else
            warn_of_privileged(t, i, start);
    }
    for (size_t j = 1; j < t->count; j++) {
        for (size_t i = 0; i < j; i++) {
            if (!is_dead[i] && !is_dead[j])
                warn_of_meeting(t, i, j);
        }
    }
}

#include "cli/explain.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/output.h"

static struct endpoint actual_of(const struct endpoint *asked, const struct decision *d)
{
    struct endpoint actual = *asked;

    if (d->host.family != AF_UNSPEC)
        actual.addr = d->host;
    actual.port = d->first;
    return actual;
}

static void print_outcome(const struct endpoint *asked, const struct decision *d, enum when when)
{
    const char *condition = when == WHEN_DENIED ? ", where the kernel refuses that port" : "";
    struct endpoint actual = actual_of(asked, d);
    char buf[RULE_TEXT_MAX];

    switch (d->action) {
    case ACTION_PASS:
        printf("stays %s", output_endpoint(asked, buf));
        break;
    case ACTION_DENY:
        printf("is refused with EACCES");
        break;
    case ACTION_AUTO:
        printf("goes to a free port%s", condition);
        break;
    case ACTION_MAP:
        if (asked->addr.family == AF_INET && actual.addr.family == AF_INET6) {
            printf("fails with EAFNOSUPPORT, since %s is of IPv6", output_endpoint(&actual, buf));
            break;
        }
        printf("becomes %s", output_endpoint(&actual, buf));
        if (d->last != d->first)
            printf("-%u, the first free port of these", d->last);
        printf("%s", condition);
        break;
    }
    putchar('\n');
}

static const char *const VERDICT_TEXT[] = {
    [RULE_DECIDES] = "decides: ",
    [RULE_OTHER_PROTO] = "is for another protocol",
    [RULE_OTHER_HOST] = "is for another address",
    [RULE_OTHER_PORT] = "is for other ports",
};

/* Prints, rule by rule, why each does not match, and what the one that does makes of it. */
static void explain(const struct config *config, const struct endpoint *asked)
{
    struct decision d = table_decide(&config->table, asked);
    size_t shown = d.rule >= 0 ? (size_t)d.rule + 1 : config->table.count;
    char buf[RULE_TEXT_MAX];

    printf("%s\n", output_endpoint(asked, buf));
    for (size_t i = 0; i < shown; i++) {
        const struct rule *rule = &config->table.rule[i];
        enum rule_verdict verdict = rule_judge(rule, asked);
        printf("  rule %zu  %s  %s", i + 1, output_rule(rule, buf), VERDICT_TEXT[verdict]);
        if (verdict != RULE_DECIDES)
            putchar('\n');
    }
    if (d.rule < 0)
        printf("  no rule decides: ");
    print_outcome(asked, &d, config->when);
}

/* Whether the table tells protocols apart at this port. */
static bool minds_proto(const struct table *t, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->rule[i].proto != PROTO_ANY && port >= t->rule[i].first && port <= t->rule[i].last)
            return true;
    }
    return false;
}

/* Whether the table tells 0.0.0.0 and :: apart at this port. */
static bool minds_family(const struct table *t, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (rule->host.family != AF_UNSPEC && addr_is_wildcard(&rule->host) &&
            port >= rule->first && port <= rule->last)
            return true;
    }
    return false;
}

/*
 * Explains an endpoint; one that leaves something open, once for each case that the table
 * tells apart.
 */
static void explain_cases(const struct config *config, const struct endpoint *given)
{
    bool each_proto = given->proto == PROTO_ANY && minds_proto(&config->table, given->port);
    bool each_family = given->addr.family == AF_UNSPEC && minds_family(&config->table, given->port);
    enum proto first = each_proto ? PROTO_TCP : given->proto;
    enum proto last = each_proto ? PROTO_SCTP : given->proto;

    for (enum proto proto = first; proto <= last; proto++) {
        struct endpoint e = *given;
        e.proto = proto;
        if (!each_family) {
            explain(config, &e);
            continue;
        }
        e.addr.family = AF_INET;
        explain(config, &e);
        e.addr.family = AF_INET6;
        explain(config, &e);
    }
}

/* ---- endpoints that collide ---- */

/* Where the table sends an endpoint, if that is one certain port. */
static bool certain_actual(const struct config *config, const struct endpoint *asked,
                           struct endpoint *actual)
{
    struct decision d = table_decide(&config->table, asked);

    if (d.action == ACTION_PASS)
        d.first = d.last = asked->port;
    *actual = actual_of(asked, &d);
    return d.action != ACTION_DENY && d.action != ACTION_AUTO && d.first == d.last;
}

static void warn_of_collision(const struct config *config, const struct endpoint *a,
                              const struct endpoint *b)
{
    struct endpoint actual_a, actual_b;
    char of_a[RULE_TEXT_MAX], of_b[RULE_TEXT_MAX];

    if (a->port == b->port || !certain_actual(config, a, &actual_a) ||
        !certain_actual(config, b, &actual_b) || !endpoint_overlap(&actual_a, &actual_b))
        return;
    message_print("warning: %s and %s collide on port %u: give one of them another target",
                  output_endpoint(a, of_a), output_endpoint(b, of_b), actual_a.port);
}

static bool parse_argument(const char *argument, struct endpoint *e)
{
    struct source source = {.name = "endpoint", .text = argument, .size = strlen(argument)};
    struct diag d;

    if (rule_parse_endpoint(e, &source, &d))
        return true;
    message_diag(&d);
    return false;
}

int explain_endpoints(const struct config *config, int count, char **endpoints)
{
    struct endpoint e, earlier;

    for (int i = 0; i < count; i++) {
        if (!parse_argument(endpoints[i], &e))
            return STATUS_USAGE;
    }
    for (int i = 0; i < count; i++) {
        parse_argument(endpoints[i], &e);
        explain_cases(config, &e);
        for (int j = 0; j < i; j++) {
            parse_argument(endpoints[j], &earlier);
            warn_of_collision(config, &earlier, &e);
        }
    }
    return STATUS_OK;
}

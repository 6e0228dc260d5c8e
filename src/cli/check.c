/* remap check: prints and checks the table, and explains what it does with endpoints. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/tree.h"
#include "cli/warnings.h"
#include "core/errname.h"

/* ---- one endpoint ---- */

static struct endpoint actual_of(const struct endpoint *asked, const struct decision *d)
{
    struct endpoint actual = *asked;

    if (d->host.family != AF_UNSPEC)
        actual.addr = d->host;
    actual.port = d->first;
    return actual;
}

static void print_outcome(const struct config *config, const struct endpoint *asked,
                          const struct decision *d)
{
    const char *condition = config->when == WHEN_DENIED ? ", if the kernel refuses that port" : "";
    struct endpoint actual = actual_of(asked, d);
    char buf[RULE_TEXT_MAX];

    switch (d->action) {
    case ACTION_PASS:
        printf("stays %s", output_endpoint(asked, buf));
        break;
    case ACTION_DENY:
        printf("is refused with %s", errname_of(config->table.rule[d->rule].error));
        break;
    case ACTION_DROP:
        printf("is dropped: no client can reach it");
        break;
    case ACTION_AUTO:
        printf("goes to a free port%s", condition);
        break;
    case ACTION_SYSTEMD:
        printf("gets a socket that the service manager passed");
        break;
    case ACTION_MAP:
        if (asked->addr.family == AF_INET && actual.addr.family == AF_INET6) {
            printf("fails with EAFNOSUPPORT: %s is an IPv6 address", output_endpoint(&actual, buf));
            break;
        }
        printf("becomes %s", output_endpoint(&actual, buf));
        if (d->last != d->first)
            printf("-%u, the first free one", d->last);
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

/* Prints why each rule does not match, up to the one that decides, and the result. */
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
    print_outcome(config, asked, &d);
}

/* Whether the result differs between 0.0.0.0 and :: at this port. */
static bool depends_on_family(const struct table *t, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (rule->host.family != AF_UNSPEC && addr_is_wildcard(&rule->host) &&
            port >= rule->first && port <= rule->last)
            return true;
    }
    return false;
}

/* Explains an endpoint, once for each protocol and family if it has none and they matter. */
static void explain_cases(const struct config *config, const struct endpoint *given)
{
    bool each_proto = given->proto == PROTO_ANY && table_needs_proto(&config->table, given->port);
    bool each_family =
        given->addr.family == AF_UNSPEC && depends_on_family(&config->table, given->port);
    enum proto first = each_proto ? PROTO_TCP : given->proto;
    enum proto last = each_proto ? PROTO_SCTP : given->proto;

    for (enum proto proto = first; proto <= last; proto++) {
        struct endpoint e = {proto, given->addr, given->port};
        if (each_family)
            e.addr.family = AF_INET;
        explain(config, &e);
        if (!each_family)
            continue;
        e.addr.family = AF_INET6;
        explain(config, &e);
    }
}

/* ---- endpoints that collide ---- */

/* Finds the actual endpoint. Returns false if it is not known in advance. */
static bool find_actual(const struct config *config, const struct endpoint *asked,
                        struct endpoint *actual)
{
    struct decision d = table_decide(&config->table, asked);

    if (d.action == ACTION_PASS)
        d.first = d.last = asked->port;
    *actual = actual_of(asked, &d);
    return (d.action == ACTION_PASS || d.action == ACTION_MAP) && d.first == d.last;
}

static void warn_of_collision(const struct config *config, const struct endpoint *a,
                              const struct endpoint *b)
{
    struct endpoint actual_a, actual_b;
    char of_a[RULE_TEXT_MAX], of_b[RULE_TEXT_MAX];

    if (a->port == b->port || !find_actual(config, a, &actual_a) ||
        !find_actual(config, b, &actual_b) || !endpoint_overlap(&actual_a, &actual_b))
        return;
    message_print("warning: %s and %s collide on port %u: give one of them another target",
                  output_endpoint(a, of_a), output_endpoint(b, of_b), actual_a.port);
}

/* Returns STATUS_OK; or STATUS_USAGE, with nothing explained, if an endpoint is invalid. */
static int explain_endpoints(const struct config *config, size_t count, char **arguments)
{
    CLEANUP_FREE struct endpoint *e = memory_check(calloc(count + 1, sizeof(*e)));
    struct diag d;

    for (size_t i = 0; i < count; i++) {
        struct source source = {"endpoint", arguments[i], strlen(arguments[i]), false};
        if (!rule_parse_endpoint(&e[i], &source, &d)) {
            message_diag(&d);
            return STATUS_USAGE;
        }
    }
    for (size_t i = 0; i < count; i++) {
        explain_cases(config, &e[i]);
        for (size_t j = 0; j < i; j++)
            warn_of_collision(config, &e[j], &e[i]);
    }
    return STATUS_OK;
}

/* ---- the command ---- */

static struct tree options;

/* Takes the rules out of the operands. Returns how many are left. */
static size_t take_rules(char **operand)
{
    size_t kept = 0;

    for (size_t i = 0; operand[i] != NULL; i++) {
        if (strchr(operand[i], '=') != NULL)
            rules_add_text(&options.rules, operand[i]);
        else
            operand[kept++] = operand[i];
    }
    return kept;
}

static int check_main(int argc, char **argv)
{
    static struct config config;
    size_t endpoints = take_rules(argv + 1);

    (void)argc;
    if (!tree_load(&options, &config))
        return STATUS_BAD_TABLE;
    puts(output_table(&config.table, '\n'));
    warnings_print(&config.table, false);
    return explain_endpoints(&config, endpoints, argv + 1);
}

static const struct option_spec OPTIONS[] = {
    OPTIONS_OF_TREE(options),
    {0},
};

const struct command check_command = {
    .name = "check",
    .arguments = "[RULES|ENDPOINT]...",
    .summary = "Check and print the table, and explain what it does with endpoints",
    .details = "RULES are as of --rules: 80=8080. An ENDPOINT is written as tcp/127.0.0.1:80;\n"
               "protocol and address are optional.\n"
               "Exit status: 0; 64 invalid endpoint, 78 invalid table.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .main = check_main,
};

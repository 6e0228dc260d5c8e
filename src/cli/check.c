/* remap check: the table in normal form, and what is odd about it. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/explain.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/rules.h"

static void print_table(const struct table *t)
{
    static char buf[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    table_format(t, '\n', &text);
    puts(buf);
}

static void warn_of_dead_rules(const struct table *t)
{
    char buf[RULE_TEXT_MAX];

    for (size_t i = 0; i < t->count; i++) {
        if (table_rule_is_dead(t, i))
            message_print("warning: rule %zu (%s) never decides, rules before it take all that it"
                          " matches: remove it, or move it up",
                          i + 1, output_rule(&t->rule[i], buf));
    }
}

static void warn_of_meetings(const struct table *t)
{
    struct meeting m;
    bool dead[TABLE_MAX];

    for (size_t i = 0; i < t->count; i++)
        dead[i] = table_rule_is_dead(t, i);
    for (size_t j = 1; j < t->count; j++) {
        for (size_t i = 0; i < j; i++) {
            if (!dead[i] && !dead[j] && table_rules_meet(t, i, j, &m))
                message_print("warning: rules %zu and %zu can meet, ports %u and %u both become %u:"
                              " give one of them another target",
                              i + 1, j + 1, m.asked[0], m.asked[1], m.actual);
        }
    }
}

static struct {
    struct rules rules;
} options;

static int check_main(int argc, char **argv)
{
    static struct config config;

    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    print_table(&config.table);
    warn_of_dead_rules(&config.table);
    warn_of_meetings(&config.table);
    return explain_endpoints(&config, argc - 1, argv + 1);
}

static const struct option_spec OPTIONS[] = {
    OPTION_RULES_AND_FILE(&options.rules),
    {0},
};

const struct command check_command = {
    .name = "check",
    .arguments = "[ENDPOINT]...",
    .summary = "Check and print the table, and explain what it does with endpoints",
    .details = "An ENDPOINT is written as tcp/127.0.0.1:80; protocol and address are optional.\n"
               "Exit status: 0; 64 invalid endpoint, 78 invalid table.\n",
    .options = OPTIONS,
    .max_operands = COMMAND_ANY_NUMBER,
    .main = check_main,
};

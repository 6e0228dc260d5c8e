/* remap check: the table in normal form, and what is odd about it. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/explain.h"
#include "cli/help.h"
#include "cli/message.h"
#include "cli/rules.h"
#include "cli/show.h"

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
                          i + 1, show_rule(&t->rule[i], buf));
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

enum { OPTION_HELP = 256 };

static int check_main(const struct command *self, int argc, char **argv)
{
    static const struct option long_options[] = {{"help", no_argument, NULL, OPTION_HELP},
                                                 {NULL, 0, NULL, 0}};
    static struct rules rules;
    static struct config config;
    int option;
    bool ok = true;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:r:f:h", long_options, NULL)) != -1) {
        switch (option) {
        case 'r':
            ok = rules_add_text(&rules, optarg) && ok;
            break;
        case 'f':
            ok = rules_add_file(&rules, optarg) && ok;
            break;
        case 'h':
        case OPTION_HELP:
            return help_print(self);
        default:
            return message_bad_option(self, option, argv);
        }
    }
    if (!ok || !rules_load(&rules, &config))
        return STATUS_BAD_TABLE;
    print_table(&config.table);
    warn_of_dead_rules(&config.table);
    warn_of_meetings(&config.table);
    return explain_endpoints(&config, argc - optind, argv + optind);
}

const struct command check_command = {
    .name = "check",
    .arguments = "[-r RULES | -f FILE]... [ENDPOINT]...",
    .summary = "Checks the table, prints it, and tells what it does with endpoints",
    .details = "  -r RULES    rules, as 80=8080,443=8443; may be given more than once\n"
               "  -f FILE     a file of rules, - for standard input; may be given more than once\n"
               "  -h, --help  this text\n"
               "\n"
               "An ENDPOINT is written as tcp/127.0.0.1:80; the protocol and the address\n"
               "may be left out. Exits 0 for a valid table, 64 for a faulty endpoint, 78 for\n"
               "a faulty table.\n",
    .main = check_main,
};

#include "cli/command.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/nearest.h"
#include "cli/rules.h"
#include "cli/runs.h"

enum {
    COUNT_MAX = 30,
    /* getopt's numbers of long options; those of short ones are their letters. */
    LONG_HELP = 256,
    LONG_VERSION,
    FIRST_LONG,
};

/* ---- values ---- */

/* Whether `word` is one of `words`, which '|' separates. */
static bool is_one_of(const char *word, const char *words)
{
    size_t size = strlen(word);

    for (; words != NULL; words = strchr(words, '|')) {
        words += *words == '|';
        if (strncmp(words, word, size) == 0 && strchr("|", words[size]) != NULL)
            return true;
    }
    return false;
}

/* Complains of the value of a choice, and names the choices. */
_Noreturn static void refuse_choice(const struct option_spec *o, const char *value)
{
    char choices[128];
    struct text text;

    text_init(&text, choices, sizeof(choices));
    for (const char *c = o->argument; *c != '\0'; c++) {
        if (*c != '|')
            text_char(&text, *c);
        else
            text_string(&text, strchr(c + 1, '|') != NULL ? ", " : " or ");
    }
    message_die(STATUS_USAGE, "invalid value '%s' of --%s: use %s", value, o->name, choices);
}

static bool parse_timeout(const char *value, double *seconds)
{
    char *end;

    *seconds = OPTION_TIMEOUT_DEFAULT;
    if (value == NULL)
        return true;
    *seconds = strtod(value, &end);
    return end != value && *end == '\0' && isfinite(*seconds) && *seconds >= 0;
}

/* Ends the program if the value is invalid. */
static void set_target(const struct option_spec *o, const char *value)
{
    const char **word = o->target;
    struct option_words *words = o->target;

    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)o->target = true;
        return;
    case OPTION_TIMEOUT:
        if (!parse_timeout(value, o->target))
            message_die(STATUS_USAGE, "invalid timeout '%s': give seconds, such as --%s=10", value,
                        o->name);
        return;
    case OPTION_WORDS:
        if (words->count == OPTION_WORDS_MAX)
            message_die(STATUS_USAGE, "too many --%s: %d at most", o->name, OPTION_WORDS_MAX);
        words->word[words->count++] = value;
        return;
    case OPTION_RULES:
        rules_add_text(o->target, value);
        return;
    case OPTION_PUBLISH:
        rules_add_published(o->target, value);
        return;
    case OPTION_FILE:
        rules_add_file(o->target, value);
        return;
    case OPTION_CHOICE:
        if (!is_one_of(value, o->argument))
            refuse_choice(o, value);
        break;
    case OPTION_RUN:
        if (!runs_is_name(value))
            message_die(STATUS_USAGE,
                        "invalid name '%s' of a run: use up to %d letters, digits and . _ -, and"
                        " begin with a letter or digit",
                        value, RUNS_NAME_MAX);
        break;
    case OPTION_CONSTANT:
        value = o->argument;
        break;
    case OPTION_WORD:
    case OPTION_USER:
        break;
    }
    *word = value;
}

/* ---- words ---- */

bool command_needs_value(const struct option_spec *o)
{
    return o->argument != NULL && o->argument[0] != '[' && o->kind != OPTION_CONSTANT;
}

static const struct option_spec *find_in(const struct option_spec *o, const char *word)
{
    size_t size = strcspn(word, "=");
    bool is_long = strncmp(word, "--", 2) == 0;

    for (; o->name != NULL; o++) {
        if (is_long ? strlen(o->name) == size - 2 && strncmp(o->name, word + 2, size - 2) == 0
                    : word[0] == '-' && word[1] == o->letter && word[1] != '\0' && word[2] == '\0')
            return o;
    }
    return NULL;
}

const struct option_spec *command_find_option(const struct command *command, const char *word)
{
    const struct option_spec *own = find_in(command->options, word);
    return own != NULL ? own : find_in(command_common_options, word);
}

/* ---- getopt_long(3) ---- */

struct getopt_tables {
    char letters[3 * COUNT_MAX];
    struct option names[COUNT_MAX + 3];
};

static int has_argument(const struct option_spec *o)
{
    if (o->argument == NULL || o->kind == OPTION_CONSTANT)
        return no_argument;
    return o->argument[0] == '[' ? optional_argument : required_argument;
}

static void fill_tables(const struct command *command, struct getopt_tables *tables)
{
    const struct option_spec *o = command->options;
    struct option *name = tables->names;
    struct text letters;

    text_init(&letters, tables->letters, sizeof(tables->letters));
    text_string(&letters, command->command_at != 0 ? "+:hV" : ":hV");
    for (; o->name != NULL && o < command->options + COUNT_MAX; o++, name++) {
        *name = (struct option){o->name, has_argument(o), NULL,
                                FIRST_LONG + (int)(o - command->options)};
        if (o->letter == '\0')
            continue;
        text_char(&letters, o->letter);
        if (name->has_arg == required_argument)
            text_char(&letters, ':');
    }
    name[0] = (struct option){"help", no_argument, NULL, LONG_HELP};
    name[1] = (struct option){"version", no_argument, NULL, LONG_VERSION};
    name[2] = (struct option){NULL, 0, NULL, 0};
}

static const struct option_spec *find(const struct command *command, int number)
{
    const struct option_spec *o = command->options;

    if (number >= FIRST_LONG)
        return o + number - FIRST_LONG;
    while (o->letter != number)
        o++;
    return o;
}

/* Returns the long option that was meant by an unknown one, or NULL. */
static const char *nearest_option(const struct command *command, const char *option)
{
    const struct option_spec *const tables[] = {command->options, command_common_options};
    const char *names[2 * COUNT_MAX];
    size_t count = 0;
    char name[64];

    if (strncmp(option, "--", 2) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct option_spec *o = tables[i]; o->name != NULL; o++)
            names[count++] = o->name;
    }
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(option + 2, "="), option + 2);
    return nearest_word(name, names, count);
}

void command_refuse_option(const struct command *command, const char *word)
{
    const char *nearest = nearest_option(command, word);

    if (nearest != NULL)
        message_die(STATUS_USAGE, "unknown option '%s': did you mean '--%s'?", word, nearest);
    message_die(STATUS_USAGE, "unknown option '%s': see 'remap help %s'", word, command->name);
}

/* Says why getopt_long(3) has refused an option. */
_Noreturn static void refuse(const struct command *command, int refusal, char **argv)
{
    char letter[] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt > 0 && optopt < LONG_HELP;
    const char *name = command->name, *option = is_letter ? letter : argv[optind - 1];

    if (refusal == ':')
        message_die(STATUS_USAGE, "option '%s' needs a value: see 'remap help %s'", option, name);
    if (optopt >= LONG_HELP)
        message_die(STATUS_USAGE, "option '%s' takes no value: see 'remap help %s'", option, name);
    command_refuse_option(command, option);
}

/* Parses the options that come before the next operand, or all. */
static void parse_options(const struct command *command, int argc, char **argv)
{
    struct getopt_tables tables;
    int number;

    fill_tables(command, &tables);
    opterr = 0;
    while ((number = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
        if (number == 'h' || number == LONG_HELP) {
            command_print_help(command);
            exit(STATUS_OK);
        }
        if (number == 'V' || number == LONG_VERSION) {
            command_print_version();
            exit(STATUS_OK);
        }
        if (number == '?' || number == ':')
            refuse(command, number, argv);
        set_target(find(command, number), optarg);
    }
}

void command_parse(const struct command *command, int *argc, char ***argv)
{
    parse_options(command, *argc, *argv);
    if (command->command_at == 2 && optind < *argc) {
        char *first = (*argv)[optind++];
        parse_options(command, *argc, *argv);
        (*argv)[--optind] = first;
    }
    (*argv)[optind - 1] = (*argv)[0];
    *argc -= optind - 1;
    *argv += optind - 1;
    unsigned operands = (unsigned)*argc - 1;
    if (operands < command->min_operands)
        message_die(STATUS_USAGE, "missing argument: see 'remap help %s'", command->name);
    if (operands > command->max_operands)
        message_die(STATUS_USAGE, "unexpected argument '%s': see 'remap help %s'",
                    (*argv)[command->max_operands + 1], command->name);
}

/* ---- help ---- */

enum { HELP_COLUMN = 26 }; /* of the help lines */

// clang-format off
const struct option_spec command_common_options[] = {
    {"help", 'h', NULL, OPTION_FLAG, NULL, "print this help"},
    {"version", 'V', NULL, OPTION_FLAG, NULL, "print the version"},
    {0},
};
// clang-format on

static void print_option(const struct option_spec *o)
{
    char left[80], letter[] = {'-', o->letter, ',', '\0'};
    const char *const before[] = {
        [no_argument] = "", [required_argument] = "=", [optional_argument] = "[="};
    int has = has_argument(o);
    int size =
        snprintf(left, sizeof(left), "%s --%s%s%s", o->letter != '\0' ? letter : "   ", o->name,
                 before[has], has != no_argument ? o->argument + (has == optional_argument) : "");

    /* A long one has a line to itself. */
    if (size + 2 > HELP_COLUMN)
        printf("  %s\n  %*s%s\n", left, HELP_COLUMN, "", o->help);
    else
        printf("  %-*s%s\n", HELP_COLUMN, left, o->help);
}

void command_print_help(const struct command *command)
{
    printf("usage: remap %s%s%s%s\n", command->name, command->options != NULL ? " [OPTION]..." : "",
           command->arguments != NULL ? " " : "",
           command->arguments != NULL ? command->arguments : "");
    if (command->summary != NULL)
        printf("\n%s.\n", command->summary);
    if (command->options != NULL) {
        putchar('\n');
        for (const struct option_spec *o = command->options; o->name != NULL; o++)
            print_option(o);
        for (const struct option_spec *o = command_common_options; o->name != NULL; o++)
            print_option(o);
    }
    if (command->details != NULL)
        printf("\n%s", command->details);
}

void command_print_version(void)
{
    puts("remap " REMAP_VERSION);
}

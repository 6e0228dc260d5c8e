/*
 * remap complete: what the scripts in scripts/completions ask. It is given the words after "remap",
 * the last of which is to be completed, and prints a line for each possible word: the word, a tab,
 * and what it means. A line that begins with a colon tells the shell to complete the word itself:
 * ":files", or ":command N" for the command line that begins with word N. All is taken from the
 * tables of commands and options.
 */
#include "cli/complete.h"

#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/run_names.h"
#include "cli/runs.h"
#include "core/text.h"

static const char *typed;       /* of the word, as far as it is the shell's to complete */
static const char *before = ""; /* what comes before that in the word: "--engine=" */
static const char *run = "";    /* the run that an option before it names */

/* A description may have the name of a process. */
void complete_word(const char *word, const char *description)
{
    char printable[256];
    struct text text;

    text_init(&text, printable, sizeof(printable));
    text_printable(&text, description, strlen(description));
    if (text_has_prefix(word, typed))
        printf("%s%s\t%s\n", before, word, printable);
}

/* ---- values of options ---- */

static void complete_choices(const char *words)
{
    while (*words != '\0') {
        size_t size = strcspn(words, "|");
        CLEANUP_FREE char *word = memory_format("%.*s", (int)size, words);
        complete_word(word, "");
        words += size + (words[size] == '|');
    }
}

static void complete_runs(void)
{
    struct run_names names = run_names_find();

    for (size_t i = 0; i < names.count; i++)
        complete_word(names.name[i], "");
    run_names_free(&names);
}

static void complete_users(void)
{
    const struct passwd *user;

    while ((user = getpwent()) != NULL)
        complete_word(user->pw_name, "");
    endpwent();
}

static void complete_interfaces(void)
{
    struct if_nameindex *all = if_nameindex();

    for (size_t i = 0; all != NULL && all[i].if_name != NULL; i++)
        complete_word(all[i].if_name, "");
    if_freenameindex(all);
}

static void complete_value(const struct option_spec *o)
{
    if (o->kind == OPTION_CHOICE)
        complete_choices(o->argument);
    else if (o->kind == OPTION_RUN)
        complete_runs();
    else if (o->kind == OPTION_USER)
        complete_users();
    else if (strcmp(o->argument, "INTERFACE") == 0)
        complete_interfaces();
    else if (strcmp(o->argument, "FILE") == 0)
        puts(":files");
}

/* ---- options ---- */

static void complete_option(const struct option_spec *o)
{
    CLEANUP_FREE char *word = memory_format("--%s", o->name);
    complete_word(word, o->help);
}

static void complete_options(const struct command *command)
{
    for (const struct option_spec *o = command->options; o->name != NULL; o++)
        complete_option(o);
    for (const struct option_spec *o = command_common_options; o->name != NULL; o++)
        complete_option(o);
}

/* ---- the last word ---- */

/* What the words before the last one say. */
struct context {
    const struct command *command;
    const struct option_spec *option; /* whose value the last word is; or NULL */
    bool is_operand;                  /* "--" came before it, or an operand that ends options */
    unsigned operands;
    int command_at; /* the word that the command line of another program begins with; or 0 */
};

static struct context read_words(char **words, int last, const struct command *command)
{
    struct context c = {.command = command};

    for (int i = 1; i < last; i++) {
        const struct option_spec *o = c.is_operand ? NULL : command_find_option(command, words[i]);
        const char *value = o != NULL ? strchr(words[i], '=') : NULL;
        if (o != NULL && command_needs_value(o) && value == NULL) {
            c.option = ++i == last ? o : NULL;
            value = words[i];
        } else if (value != NULL) {
            value++;
        }
        if (o != NULL && o->kind == OPTION_RUN && c.option == NULL)
            run = value;
        if (o != NULL || c.command_at != 0)
            continue;
        if (!c.is_operand && strcmp(words[i], "--") == 0) {
            c.is_operand = true;
        } else if (c.is_operand || words[i][0] != '-') {
            c.operands++;
            c.command_at = c.operands == command->command_at ? i : 0;
        }
    }
    if (c.operands + 1 == command->command_at && c.command_at == 0 && c.option == NULL &&
        (c.is_operand || typed[0] != '-'))
        c.command_at = last;
    return c;
}

static void complete_last(char **words, int last, const struct command *command)
{
    struct context c = read_words(words, last, command);
    const struct option_spec *o = c.option;
    const char *value = strchr(typed, '=');

    if (c.command_at != 0) {
        printf(":command %d\n", c.command_at);
    } else if (o != NULL) {
        complete_value(o);
    } else if (!c.is_operand && typed[0] == '-' && value != NULL) {
        o = command_find_option(command, typed);
        before = memory_format("%.*s=", (int)(value - typed), typed);
        typed = value + 1;
        if (o != NULL && o->argument != NULL)
            complete_value(o);
    } else if (!c.is_operand && typed[0] == '-') {
        complete_options(command);
    } else if (command->complete != NULL && c.operands < command->max_operands) {
        command->complete(run);
    }
}

static int complete_main(int argc, char **argv)
{
    char **words = argv + 1;
    int last = argc - 2;

    typed = words[last];
    if (last == 0 && typed[0] == '-') {
        complete_word("--help", "print help");
        complete_word("--version", "print the version");
    } else if (last == 0) {
        help_command.complete("");
    }
    for (size_t i = 0; last > 0 && command_list[i] != NULL; i++) {
        if (strcmp(command_list[i]->name, words[0]) == 0)
            complete_last(words, last, command_list[i]);
    }
    return STATUS_OK;
}

const struct command complete_command = {
    .name = "complete",
    .arguments = "-- WORD...",
    .options = (const struct option_spec[]){{0}},
    .min_operands = 1,
    .max_operands = COMMAND_ANY_NUMBER,
    .command_at = 1,
    .main = complete_main,
};

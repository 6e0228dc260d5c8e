#include "cli/help.h"

#include <stdio.h>

#include "cli/message.h"

enum { COLUMN = 26 }; /* where the texts of options begin */

static void print_option(const struct option_spec *o)
{
    char left[80], letter[] = {'-', o->letter, ',', '\0'};
    struct text text;

    text_init(&text, left, sizeof(left));
    text_string(&text, o->letter != '\0' ? letter : "   ");
    text_string(&text, " --");
    text_string(&text, o->name);
    if (o->argument != NULL && o->kind != OPTION_CONSTANT) {
        bool is_optional = o->argument[0] == '[';
        text_string(&text, is_optional ? "[=" : "=");
        text_string(&text, o->argument + is_optional);
    }
    /* A long one has a line to itself. */
    if (text.used + 2 > COLUMN)
        printf("  %s\n  %*s%s\n", left, COLUMN, "", o->help);
    else
        printf("  %-*s%s\n", COLUMN, left, o->help);
}

int help_print(const struct command *command)
{
    static const struct option_spec HELP = {"help",      'h',  NULL,
                                            OPTION_FLAG, NULL, "print this help"};

    printf("usage: remap %s%s%s%s\n", command->name, command->options != NULL ? " [OPTION]..." : "",
           command->arguments[0] != '\0' ? " " : "", command->arguments);
    if (command->summary != NULL)
        printf("\n%s.\n", command->summary);
    if (command->options != NULL) {
        putchar('\n');
        for (const struct option_spec *o = command->options; o->name != NULL; o++)
            print_option(o);
        print_option(&HELP);
    }
    if (command->details[0] != '\0')
        printf("\n%s", command->details);
    return STATUS_OK;
}

static void print_overview(void)
{
    puts("usage: remap COMMAND [ARGUMENT]...\n\n"
         "Run servers that need privileged ports without root.\n");
    for (size_t i = 0; command_list[i] != NULL; i++) {
        if (command_list[i]->summary != NULL)
            printf("  %-8s %s\n", command_list[i]->name, command_list[i]->summary);
    }
    puts("\nSee 'remap help COMMAND' for a command. 'remap --version' prints the version.");
}

static int help_main(int argc, char **argv)
{
    if (argc == 1) {
        print_overview();
        return STATUS_OK;
    }
    const struct command *command = command_find(argv[1]);
    if (command != NULL)
        return help_print(command);
    message_print("unknown command '%s': see 'remap help'", argv[1]);
    return STATUS_USAGE;
}

static const struct option_spec OPTIONS[] = {{0}};

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Print help for remap, or for a command",
    .details = "",
    .options = OPTIONS,
    .max_operands = 1,
    .main = help_main,
};

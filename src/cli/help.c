#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/message.h"

int help_print(const struct command *command)
{
    printf("usage: remap %s %s\n\n%s.\n", command->name, command->arguments, command->summary);
    if (command->details[0] != '\0')
        printf("\n%s", command->details);
    return STATUS_OK;
}

static int print_overview(void)
{
    puts("usage: remap COMMAND [ARGUMENT...]\n\n"
         "Runs servers that insist on privileged ports without root.\n");
    for (size_t i = 0; command_list[i] != NULL; i++) {
        if (command_list[i]->summary != NULL)
            printf("  %-8s %s\n", command_list[i]->name, command_list[i]->summary);
    }
    puts("\n'remap help COMMAND' tells more. 'remap --version' tells the version.");
    return STATUS_OK;
}

static int help_main(const struct command *self, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        return print_overview();
    for (size_t i = 0; command_list[i] != NULL; i++) {
        if (argc == 2 && command_list[i]->summary != NULL &&
            strcmp(command_list[i]->name, argv[1]) == 0)
            return help_print(command_list[i]);
    }
    message_print("'%s' is not a command: see 'remap %s'", argv[argc - 1], self->name);
    return STATUS_USAGE;
}

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Tells how to use remap, or one of its commands",
    .details = "",
    .main = help_main,
};

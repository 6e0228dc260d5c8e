/* remap: the list of commands, and their help. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"

static const struct command *const COMMANDS[] = {
    &run_command,    &enter_command,    &check_command,  &ps_command,   &port_command,
    &doctor_command, &redirect_command, &export_command, &help_command,
};
enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(COMMANDS[i]->name, name) == 0)
            return COMMANDS[i];
    }
    return NULL;
}

/* ---- remap help ---- */

static void print_overview(void)
{
    puts("usage: remap COMMAND [ARGUMENT]...\n\n"
         "Run servers that need privileged ports without root.\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (COMMANDS[i]->summary != NULL)
            printf("  %-8s  %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    }
    puts("\nSee 'remap help COMMAND' for a command. 'remap --version' prints the version.");
}

static int help_main(int argc, char **argv)
{
    if (argc == 1) {
        print_overview();
        return STATUS_OK;
    }
    const struct command *command = find(argv[1]);
    if (command == NULL) {
        message_print("unknown command '%s': see 'remap help'", argv[1]);
        return STATUS_USAGE;
    }
    option_print_help(command);
    return STATUS_OK;
}

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Print help for remap, or for a command",
    .options = (const struct option_spec[]){{0}},
    .max_operands = 1,
    .main = help_main,
};

/* ---- main ---- */

static int run(const struct command *command, int argc, char **argv)
{
    int status;

    if (command->options != NULL && !option_parse(command, &argc, &argv, &status))
        return status;
    return command->main(argc, argv);
}

/* Output that could not be written is a failure. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    message_print("write error: %s", strerror(errno));
    return STATUS_UNAVAILABLE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        message_print("missing command: see 'remap --help'");
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("remap " REMAP_VERSION);
        return finish(STATUS_OK);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return finish(help_command.main(1, argv));
    const struct command *command = find(argv[1]);
    if (command == NULL) {
        message_print("unknown command '%s': see 'remap --help'", argv[1]);
        return STATUS_USAGE;
    }
    return finish(run(command, argc - 1, argv + 1));
}

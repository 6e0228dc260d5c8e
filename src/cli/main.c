/* remap: the list of commands, and their help. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message.h"

static const struct command *const COMMANDS[] = {
    &run_command,    &enter_command,    &check_command,  &ps_command,   &port_command,
    &doctor_command, &redirect_command, &export_command, &help_command,
};
enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

/* `help` is what lists the commands. */
static const struct command *find(const char *name, const char *help)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(COMMANDS[i]->name, name) == 0)
            return COMMANDS[i];
    }
    message_die(STATUS_USAGE, "unknown command '%s': see 'remap %s'", name, help);
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
    if (argc == 1)
        print_overview();
    else
        command_print_help(find(argv[1], "help"));
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

/* Output that could not be written is a failure. */
static void close_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    message_print("write error: %s", strerror(errno));
    _exit(STATUS_UNAVAILABLE);
}

int main(int argc, char **argv)
{
    atexit(close_output);
    if (argc < 2)
        message_die(STATUS_USAGE, "missing command: see 'remap --help'");
    if (strcmp(argv[1], "--version") == 0) {
        puts("remap " REMAP_VERSION);
        return STATUS_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_main(1, argv);
    const struct command *command = find(argv[1], "--help");
    argc--, argv++;
    if (command->options != NULL)
        command_parse(command, &argc, &argv);
    return command->main(argc, argv);
}

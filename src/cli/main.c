/* remap: the list of commands, and their help. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/nearest.h"
#include "program/program.h"

const struct command *const command_list[] = {
    &run_command,
    &env_command,
    &enter_command,
    &check_command,
    &ps_command,
    &port_command,
    &doctor_command,
    &redirect_command,
    &complete_command,
    &export_command,
    &grant_command,
    &help_command,
    NULL,
};
enum { COMMAND_COUNT = sizeof(command_list) / sizeof(command_list[0]) - 1 };

/* ---- unknown commands ---- */

static const char *nearest_command(const char *name)
{
    const char *names[COMMAND_COUNT];

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = command_list[i]->summary != NULL ? command_list[i]->name : NULL;
    return nearest_word(name, names, COMMAND_COUNT);
}

static bool is_program(const char *name)
{
    static struct program program;
    static char found[PATH_FOUND_MAX];

    program_begin_command(&program, name, found);
    return program_next(&program) && program.error == 0;
}

/* Returns the words, separated by blanks, malloc'ed. */
static char *join(char **words)
{
    char *line = memory_format("%s", words[0]);

    for (size_t i = 1; words[i] != NULL; i++) {
        CLEANUP_FREE char *shorter = line;
        line = memory_format("%s %s", shorter, words[i]);
    }
    return line;
}

_Noreturn static void refuse(char **words, const char *help)
{
    const char *nearest = nearest_command(words[0]);

    if (words[0][0] != '-' && is_program(words[0]))
        message_die(STATUS_USAGE, "unknown command '%s': did you mean 'remap run %s'?", words[0],
                    join(words));
    if (nearest != NULL)
        message_die(STATUS_USAGE, "unknown command '%s': did you mean 'remap %s'?", words[0],
                    nearest);
    message_die(STATUS_USAGE, "unknown command '%s': see 'remap %s'", words[0], help);
}

/* `words` begins with the command. `help` is what lists the commands. */
static const struct command *find(char **words, const char *help)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(command_list[i]->name, words[0]) == 0)
            return command_list[i];
    }
    refuse(words, help);
}

/* ---- remap help ---- */

static void print_overview(void)
{
    puts("usage: remap COMMAND [ARGUMENT]...\n\n"
         "Run servers that need privileged ports without root.\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (command_list[i]->summary != NULL)
            printf("  %-8s  %s\n", command_list[i]->name, command_list[i]->summary);
    }
    puts("\nSee 'remap help COMMAND' for a command. 'remap --version' prints the version.");
}

static int help_main(int argc, char **argv)
{
    if (argc == 1)
        print_overview();
    else
        command_print_help(find(argv + 1, "help"));
    return STATUS_OK;
}

static void complete_commands(const char *run)
{
    (void)run;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (command_list[i]->summary != NULL)
            complete_word(command_list[i]->name, command_list[i]->summary);
    }
}

const struct command help_command = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Print help for remap, or for a command",
    .options = (const struct option_spec[]){{0}},
    .max_operands = 1,
    .complete = complete_commands,
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
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        command_print_version();
        return STATUS_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help_main(1, argv);
    const struct command *command = find(argv + 1, "--help");
    argc--, argv++;
    if (!command->is_unparsed)
        command_parse(command, &argc, &argv);
    return command->main(argc, argv);
}

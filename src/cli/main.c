/* remap: finds the command, and hands it its arguments. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"

const struct command *const command_list[] = {
    &run_command,    &enter_command,    &check_command,  &ps_command,   &port_command,
    &doctor_command, &redirect_command, &export_command, &help_command, NULL};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_list[i] != NULL; i++) {
        if (strcmp(command_list[i]->name, name) == 0)
            return command_list[i];
    }
    return NULL;
}

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
    const struct command *command = command_find(argv[1]);
    if (command == NULL) {
        message_print("unknown command '%s': see 'remap --help'", argv[1]);
        return STATUS_USAGE;
    }
    return finish(run(command, argc - 1, argv + 1));
}

/* remap: finds the command and hands the arguments on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/message.h"

const struct command *const command_list[] = {
    &run_command,    &enter_command,    &check_command,  &ps_command,   &port_command,
    &doctor_command, &redirect_command, &export_command, &help_command, NULL};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; command_list[i] != NULL; i++) {
        if (strcmp(command_list[i]->name, name) == 0)
            return command_list[i];
    }
    return NULL;
}

/* An answer that nobody got is none. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    message_print("cannot write the answer: %s: see where the output goes", strerror(errno));
    return STATUS_UNAVAILABLE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        message_print("no command given: see 'remap --help'");
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("remap " REMAP_VERSION);
        return finish(STATUS_OK);
    }
    bool wants_help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
    const struct command *command = wants_help ? &help_command : find_command(argv[1]);
    if (command == NULL) {
        message_print("'%s' is not a command: see 'remap --help'", argv[1]);
        return STATUS_USAGE;
    }
    return finish(command->main(command, argc - 1, argv + 1));
}

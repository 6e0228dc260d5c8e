/* remap redirect: becomes remap-redirect(8). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/install_paths.h"
#include "cli/message.h"

static int redirect_main(int argc, char **argv)
{
    char helper[PATH_MAX];

    (void)argc;
    if (!install_paths_helper(helper))
        return STATUS_UNAVAILABLE;
    argv[0] = helper;
    execv(helper, argv);
    message_print("cannot run '%s': %s: check the file", helper, strerror(errno));
    return STATUS_CANNOT_RUN;
}

const struct command redirect_command = {
    .name = "redirect",
    .arguments = "up|down|status|plan [OPTION]...",
    .summary = "Redirect connections from outside to remapped ports, as root",
    .details = "Runs remap-redirect: see 'remap redirect --help'.\n",
    .main = redirect_main,
};

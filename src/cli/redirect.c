/* remap redirect: becomes remap-redirect(8). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message.h"
#include "cli/place.h"

static int redirect_main(const struct command *self, int argc, char **argv)
{
    char helper[PATH_MAX];

    (void)self;
    (void)argc;
    if (!place_find_helper(helper))
        return STATUS_UNAVAILABLE;
    argv[0] = helper;
    execv(helper, argv);
    message_print("cannot run '%s': %s: check the file", helper, strerror(errno));
    return STATUS_CANNOT_RUN;
}

const struct command redirect_command = {
    .name = "redirect",
    .arguments = "up|down|status|plan [OPTION]...",
    .summary = "Sends the outside world's ports to where the servers are, as root",
    .details =
        "Runs remap-redirect(8), which uses nft or iptables. plan prints what up would do, and\n"
        "needs no root.\n"
        "\n"
        "  -r RULES           rules, as 80=8080,443=8443; may be given more than once\n"
        "  -f FILE            a file of rules; may be given more than once\n"
        "      --local        also redirects connections of this host itself\n"
        "      --interface I  redirects only what comes in by this interface; may be given more\n"
        "                     than once\n"
        "      --owner USER   only processes of USER can answer from the actual ports\n"
        "      --hide         other hosts cannot use the actual ports themselves\n"
        "      --user USER    auto goes to the ports of USER's running servers; by default of the\n"
        "                     owner's, else of those of the user that called sudo\n"
        "      --name RUN     and only to those of this run\n"
        "      --backend B    nft or iptables; by default nft if it works. Also iptables-nft and\n"
        "                     iptables-legacy, where iptables is one of them\n"
        "      --dry-run      prints what would be done, and changes nothing\n"
        "  -h, --help         this text\n"
        "\n"
        "Without -r and -f the table is that of remap.conf(5). status exits with 0 if the table "
        "is\n"
        "up, 1 if no table is, 2 if another is. Otherwise: 0; 1 no rule can be redirected; 64 "
        "usage;\n"
        "69 something is not available; 78 bad table.\n",
    .main = redirect_main,
};

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
    install_paths_helper(helper);
    argv[0] = helper;
    execv(helper, argv);
    message_die(STATUS_CANNOT_RUN, "cannot run '%s': %s: check the file", helper, strerror(errno));
}

const struct command redirect_command = {
    .name = "redirect",
    .arguments = "up|down|status|plan [OPTION]...",
    .summary = "Redirect connections from outside to remapped ports, as root",
    .details =
        "Runs remap-redirect(8), which uses nft or iptables. plan prints what up would do, and\n"
        "needs no root.\n"
        "\n"
        "  -r RULES           rules, such as 80=8080,443=8443; may be repeated\n"
        "  -f FILE            a file of rules; may be repeated\n"
        "      --local        also redirect connections of this host itself\n"
        "      --interface I  redirect only what comes in by this interface; may be repeated\n"
        "      --owner USER   only processes of USER can answer from the actual ports\n"
        "      --hide         other hosts cannot use the actual ports themselves\n"
        "      --user USER    auto: the ports of USER's running servers (default: the owner's,\n"
        "                     else those of the user that called sudo)\n"
        "      --name RUN     auto: of one run only\n"
        "      --backend B    nft or iptables (default: nft if it works); also iptables-nft and\n"
        "                     iptables-legacy\n"
        "      --dry-run      print what would be done, and change nothing\n"
        "  -h, --help         print this help\n"
        "\n"
        "Without -r and -f, the table is that of remap.conf(5). status exits with 0 if the\n"
        "table is up, 1 if no table is, 2 if another is. Exit status otherwise: 0; 1 no rule\n"
        "can be redirected, 64 usage, 69 something is not available, 78 the table is invalid.\n",
    .main = redirect_main,
};

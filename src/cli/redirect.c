/* remap redirect: becomes remap-redirect(8). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/install_paths.h"
#include "cli/message.h"
#include "cli/nearest.h"

static const char *const VERBS[] = {"up", "down", "status", "plan"};

static void check_verb(const char *word)
{
    const char *nearest = nearest_word(word, VERBS, sizeof(VERBS) / sizeof(VERBS[0]));

    if (nearest != NULL && strcmp(nearest, word) != 0)
        message_die(STATUS_USAGE, "unknown command '%s': did you mean 'remap redirect %s'?", word,
                    nearest);
}

/* The script parses the words. Here only those are found that are misspelt. */
static void check_words(char **words)
{
    for (; *words != NULL; words++) {
        const struct option_spec *o = command_find_option(&redirect_command, *words);
        bool is_value_next = o != NULL && command_needs_value(o) && strchr(*words, '=') == NULL;
        if (is_value_next && words[1] != NULL)
            words++;
        else if (o == NULL && strncmp(*words, "--", 2) == 0)
            command_refuse_option(&redirect_command, *words);
        else if (o == NULL && **words != '-')
            check_verb(*words);
    }
}

static int redirect_main(int argc, char **argv)
{
    char helper[PATH_MAX];

    (void)argc;
    check_words(argv + 1);
    install_paths_helper(helper);
    argv[0] = helper;
    execv(helper, argv);
    message_die(STATUS_CANNOT_RUN, "cannot run '%s': %s: check the file", helper, strerror(errno));
}

static void complete_verbs(const char *run)
{
    (void)run;
    complete_word("up", "put up the rules");
    complete_word("down", "remove them");
    complete_word("status", "tell whether they are up");
    complete_word("plan", "print what up would do");
}

/* The script parses them. */
static const struct option_spec OPTIONS[] = {
    {"rules", 'r', "RULES", OPTION_RULES, NULL, "add rules, such as 80=8080,443=8443"},
    {"file", 'f', "FILE", OPTION_FILE, NULL, "add the rules in a file (-: standard input)"},
    {"local", 0, NULL, OPTION_FLAG, NULL, "also redirect connections of this host itself"},
    {"interface", 0, "INTERFACE", OPTION_WORDS, NULL,
     "redirect only what comes in by it; may be repeated"},
    {"owner", 0, "USER", OPTION_USER, NULL, "only processes of USER can answer"},
    {"hide", 0, NULL, OPTION_FLAG, NULL, "other hosts cannot use the actual ports"},
    {"user", 0, "USER", OPTION_USER, NULL, "auto: the ports of USER's running servers"},
    {"name", 0, "RUN", OPTION_RUN, NULL, "auto: of one run only"},
    {"backend", 0, "nft|iptables|iptables-nft|iptables-legacy", OPTION_CHOICE, NULL,
     "nft if it works, else iptables, unless given"},
    {"instance", 0, "NAME", OPTION_WORD, NULL, "rules that others leave alone, up beside theirs"},
    {"dry-run", 0, NULL, OPTION_FLAG, NULL, "print what would be done, and change nothing"},
    {"verbose", 'v', NULL, OPTION_FLAG, NULL, "plan: print the rules, too"},
    {"quiet", 'q', NULL, OPTION_FLAG, NULL, "up, down: print nothing but errors"},
    {0},
};

const struct command redirect_command = {
    .name = "redirect",
    .arguments = "up|down|status|plan",
    .summary = "Redirect connections from outside to remapped ports, as root",
    .details =
        "Runs remap-redirect(8), which uses nft or iptables. plan prints what up would do, and\n"
        "needs no root. --user is the owner unless given, else the user that called sudo.\n"
        "\n"
        "Without -r and -f, the table is that of remap.conf(5). status exits with 0 if the\n"
        "table is up, 1 if no table is, 2 if another is. Exit status otherwise: 0; 1 no rule\n"
        "can be redirected, 64 usage, 69 something is not available, 78 the table is invalid.\n",
    .options = OPTIONS,
    .max_operands = 1,
    .is_unparsed = true,
    .complete = complete_verbs,
    .main = redirect_main,
};

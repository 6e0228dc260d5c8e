/*
 * remap run: puts the library and the table into the environment, and becomes the
 * command. The table goes along in normal form, wherever it came from, so that a
 * program that changes its folder, its user or its root still has it.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/choose.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/help.h"
#include "cli/library.h"
#include "cli/live.h"
#include "cli/message.h"
#include "cli/rules.h"
#include "cli/supervise.h"
#include "linux/procfs.h"

#define AUTO_RULE "1-1023=auto"

/* What the options say. Settings that are NULL are left to the environment. */
struct options {
    struct rules rules;
    bool all_auto;
    const char *when;
    const char *report;
    const char *connect;
    const char *name;
    const char *level;
    enum choose_wish engine;
    const char *datagrams;
};

enum {
    OPTION_AUTO = 256,
    OPTION_WHEN,
    OPTION_REPORT,
    OPTION_CONNECT,
    OPTION_NAME,
    OPTION_ENGINE,
    OPTION_DATAGRAMS,
    OPTION_HELP
};

static const struct option LONG_OPTIONS[] = {
    {"auto", no_argument, NULL, OPTION_AUTO},
    {"when", required_argument, NULL, OPTION_WHEN},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"connect", required_argument, NULL, OPTION_CONNECT},
    {"name", required_argument, NULL, OPTION_NAME},
    {"engine", required_argument, NULL, OPTION_ENGINE},
    {"datagrams", no_argument, NULL, OPTION_DATAGRAMS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* Checks the value of a setting that an option gives, and keeps it. */
static int take_setting(enum config_key key, const char *option, const char **setting)
{
    struct config scratch;
    struct diag d;

    if (!config_set(&scratch, key, optarg, option, &d)) {
        message_diag(&d);
        return STATUS_USAGE;
    }
    *setting = optarg;
    return STATUS_OK;
}

static int take_engine(const struct command *self, struct options *o)
{
    if (choose_read(optarg, &o->engine))
        return STATUS_OK;
    message_print("unknown engine '%s': see 'remap help %s'", optarg, self->name);
    return STATUS_USAGE;
}

/* Takes one option. Returns a status to end with, or STATUS_OK. */
static int take_option(const struct command *self, int option, char **argv, struct options *o)
{
    switch (option) {
    case 'r':
        return rules_add_text(&o->rules, optarg) ? STATUS_OK : STATUS_BAD_TABLE;
    case 'f':
        return rules_add_file(&o->rules, optarg) ? STATUS_OK : STATUS_BAD_TABLE;
    case 'q':
        o->level = "error";
        return STATUS_OK;
    case 'v':
        o->level = "debug";
        return STATUS_OK;
    case OPTION_AUTO:
        o->all_auto = true;
        return STATUS_OK;
    case OPTION_WHEN:
        return take_setting(CONFIG_WHEN, "--when", &o->when);
    case OPTION_REPORT:
        return take_setting(CONFIG_REPORT, "--report", &o->report);
    case OPTION_CONNECT:
        return take_setting(CONFIG_CONNECT, "--connect", &o->connect);
    case OPTION_NAME:
        o->name = optarg;
        return live_is_name(optarg) ? STATUS_OK : message_bad_name(optarg);
    case OPTION_ENGINE:
        return take_engine(self, o);
    case OPTION_DATAGRAMS:
        o->datagrams = "on";
        return STATUS_OK;
    default:
        return message_bad_option(self, option, argv);
    }
}

/* Gives the run a registry of its own. False after a message. */
static bool set_run(const char *name)
{
    char *folder = live_folder_of_run(name);

    if (folder == NULL)
        return false;
    environment_set(CONFIG_STATE, folder);
    free(folder);
    return true;
}

/* So that libremap.so can hand on to `remap enter` what it cannot be in. */
static void set_own_path(void)
{
    char path[PATH_MAX];

    if (procfs_link(0, "exe", path, sizeof(path)) > 0)
        environment_set(CONFIG_RUN, path);
}

static void set_environment(const struct options *o, const struct config *config,
                            const char *library)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(&config->table, ',', &text);
    environment_set(CONFIG_RULES, rules);
    environment_set(CONFIG_WHEN, o->when);
    environment_set(CONFIG_REPORT, o->report);
    environment_set(CONFIG_CONNECT, o->connect);
    environment_set(CONFIG_DATAGRAMS, o->datagrams);
    const char *level = getenv(config_variable[CONFIG_LOG]);
    if (o->level != NULL || level == NULL || level[0] == '\0')
        environment_set(CONFIG_LOG, o->level != NULL ? o->level : "info");
    environment_pin(CONFIG_LOG_FILE);
    environment_pin(CONFIG_STATE);
    environment_preload(library);
    if (o->engine == CHOOSE_AUTO)
        set_own_path();
}

static int supervise(const struct supervise *s)
{
    choose_complain_of_engine(s->argv[0], supervise_run(s), "");
    return STATUS_UNAVAILABLE;
}

static int run_main(const struct command *self, int argc, char **argv)
{
    static struct options o;
    static struct config config;
    char library[PATH_MAX];
    struct choice choice;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:r:f:qvh", LONG_OPTIONS, NULL)) != -1) {
        if (option == OPTION_HELP || option == 'h')
            return help_print(self);
        int status = take_option(self, option, argv, &o);
        if (status != STATUS_OK)
            return status;
    }
    if (optind == argc) {
        message_print("no command to run: see 'remap help %s'", self->name);
        return STATUS_USAGE;
    }
    if (o.all_auto && !rules_add_text(&o.rules, AUTO_RULE))
        return STATUS_BAD_TABLE;
    if (!rules_load(&o.rules, &config))
        return STATUS_BAD_TABLE;
    int status = choose_engine(o.engine, argv[optind], &choice);
    if (status != STATUS_OK)
        return status;
    if (!library_find(library))
        return STATUS_UNAVAILABLE;
    if (o.name != NULL && !set_run(o.name))
        return STATUS_UNAVAILABLE;
    set_environment(&o, &config, library);
    const struct supervise s = {.path = choice.path,
                                .argv = argv + optind,
                                .datagrams = o.datagrams != NULL || config.datagrams};
    return choice.is_notify ? supervise(&s) : supervise_become(&s);
}

const struct command run_command = {
    .name = "run",
    .arguments = "[OPTION]... [--] COMMAND [ARGUMENT]...",
    .summary = "Runs a command with its privileged ports moved",
    .details =
        "  -r RULES         rules, as 80=8080,443=8443; may be given more than once\n"
        "  -f FILE          a file of rules, - for standard input; may be given more than once\n"
        "      --auto       every privileged port that no rule names goes to a free one\n"
        "      --when W     always (the default), or denied: only where the kernel refuses\n"
        "      --report R   what the command is told: asked (the default) or actual ports\n"
        "      --connect C  which connections of the tree to this host go where the server is:\n"
        "                   registry (to servers that live, the default), table (also by the\n"
        "                   table alone), or off\n"
        "      --name RUN   a tree of its own, for remap port --name and remap ps\n"
        "      --engine E   preload (in dynamic programs), notify (for all others: a supervisor\n"
        "                   stays), or auto: whichever suits the command (the default)\n"
        "      --datagrams  with notify, datagrams that are sent to an address go where the\n"
        "                   server is too; each such call takes some 10 us longer\n"
        "  -q               no line for each bind that was moved\n"
        "  -v               more lines\n"
        "  -h, --help       this text\n"
        "\n"
        "Without -r, -f and --auto the table is that of REMAP, REMAP_FILE,\n"
        "$XDG_CONFIG_HOME/remap.conf or /etc/remap.conf, else " TABLE_DEFAULT ".\n"
        "Exits with the command's status; 64 usage, 69 no library, 78 bad table,\n"
        "126 the command cannot be run, 127 there is none of that name.\n",
    .main = run_main,
};

/*
 * remap run: puts the library and the table into the environment, and becomes the
 * command. The table goes along in normal form, wherever it came from, so that a
 * program that changes its folder, its user or its root still has it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/library.h"
#include "cli/live.h"
#include "cli/message.h"
#include "cli/rules.h"
#include "notify/launch.h"
#include "registry/registry.h"

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
    enum engine engine;
    bool datagrams;
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
    if (strcmp(optarg, "preload") == 0) {
        o->engine = ENGINE_PRELOAD;
        return STATUS_OK;
    }
    if (strcmp(optarg, "notify") == 0) {
        o->engine = ENGINE_NOTIFY;
        return STATUS_OK;
    }
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
        o->datagrams = true;
        return STATUS_OK;
    default:
        return message_bad_option(self, option, argv);
    }
}

/* setenv(3) fails for want of memory alone. */
static void set_variable(const char *name, const char *value)
{
    if (setenv(name, value, 1) != 0)
        exit(message_no_memory());
}

static void set_setting(enum config_key key, const char *value)
{
    if (value != NULL)
        set_variable(config_variable[key], value);
}

/* Makes a relative path in a variable absolute: the command may leave this folder. */
static void pin_path(enum config_key key)
{
    const char *value = getenv(config_variable[key]);
    char folder[PATH_MAX], *path = NULL;

    if (value == NULL || value[0] == '\0' || value[0] == '/' || !config_is_path(key, value) ||
        getcwd(folder, sizeof(folder)) == NULL)
        return;
    if (asprintf(&path, "%s/%s", folder, value) >= 0) {
        set_variable(config_variable[key], path);
        free(path);
    }
}

/* Puts the library in front of what is preloaded already, unless it is there. */
static void set_preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    size_t size = strlen(library);
    char *list = NULL;

    if (others == NULL || others[0] == '\0') {
        set_variable("LD_PRELOAD", library);
        return;
    }
    bool is_first = strncmp(others, library, size) == 0 && strchr(" :", others[size]) != NULL;
    if (is_first)
        return;
    if (asprintf(&list, "%s:%s", library, others) < 0)
        list = NULL;
    set_variable("LD_PRELOAD", list != NULL ? list : library);
    free(list);
}

/* Gives the run a registry of its own. False after a message. */
static bool set_run(const char *name)
{
    char *folder = live_folder_of_run(name);

    if (folder == NULL)
        return false;
    set_setting(CONFIG_STATE, folder);
    free(folder);
    return true;
}

static void set_environment(const struct options *o, const struct config *config,
                            const char *library)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(&config->table, ',', &text);
    set_setting(CONFIG_RULES, rules);
    set_setting(CONFIG_WHEN, o->when);
    set_setting(CONFIG_REPORT, o->report);
    set_setting(CONFIG_CONNECT, o->connect);
    const char *level = getenv(config_variable[CONFIG_LOG]);
    if (o->level != NULL || level == NULL || level[0] == '\0')
        set_setting(CONFIG_LOG, o->level != NULL ? o->level : "info");
    pin_path(CONFIG_LOG_FILE);
    pin_path(CONFIG_STATE);
    if (o->engine == ENGINE_PRELOAD)
        set_preload(library);
}

static int become(char **argv)
{
    execvp(argv[0], argv);
    if (errno == ENOENT) {
        message_print("cannot run '%s': no such command: check its name and PATH", argv[0]);
        return STATUS_NOT_FOUND;
    }
    message_print("cannot run '%s': %s: check the file", argv[0], strerror(errno));
    return STATUS_CANNOT_RUN;
}

static int command(void *argv)
{
    return become(argv);
}

static int supervise(char **argv, const struct options *o)
{
    const struct launch l = {.command = command, .data = argv, .datagrams = o->datagrams};
    int status;
    int failure = launch_run(&l, &status);

    if (failure == 0)
        launch_end_as(status);
    message_print("the notify engine cannot be had: %s", strerror(-failure));
    return STATUS_UNAVAILABLE;
}

static int run_main(const struct command *self, int argc, char **argv)
{
    static struct options o;
    static struct config config;
    char library[PATH_MAX];
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
    if (!library_find(library))
        return STATUS_UNAVAILABLE;
    if (o.name != NULL && !set_run(o.name))
        return STATUS_UNAVAILABLE;
    set_environment(&o, &config, library);
    return o.engine == ENGINE_NOTIFY ? supervise(argv + optind, &o) : become(argv + optind);
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
        "      --engine E   preload, the only one in this version\n"
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

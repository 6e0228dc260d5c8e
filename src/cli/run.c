/*
 * remap run: puts the library and the table into the environment, and starts the command. The
 * table is passed on in normal form, whatever its source: a program that changes its folder, user
 * or root still has it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cleanup.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/install_paths.h"
#include "cli/message.h"
#include "cli/remapped.h"
#include "cli/rules.h"
#include "cli/start.h"

#define AUTO_RULE "1-1023=auto"

/* Settings that are NULL are left to the environment. */
static struct {
    struct rules rules;
    bool all_auto;
    const char *when, *report, *connect;
    const char *run;
    const char *level;
    const char *engine;
    const char *datagrams;
} options;

/* Gives the run a registry of its own. False after a message. */
static bool set_run(const char *name)
{
    CLEANUP_FREE char *folder = remapped_run_folder(name);

    if (folder == NULL)
        return false;
    environment_set(CONFIG_STATE, folder);
    return true;
}

/* Lets libremap.so start `remap enter` for a program that it cannot be loaded into. */
static void set_own_path(void)
{
    char path[PATH_MAX];

    if (install_paths_self(path))
        environment_set(CONFIG_RUN, path);
}

static void set_environment(const struct config *config, const char *library)
{
    static char rules[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(&config->table, ',', &text);
    environment_set(CONFIG_RULES, rules);
    environment_set(CONFIG_WHEN, options.when);
    environment_set(CONFIG_REPORT, options.report);
    environment_set(CONFIG_CONNECT, options.connect);
    environment_set(CONFIG_DATAGRAMS, options.datagrams);
    const char *level = getenv(config_variable[CONFIG_LOG]);
    if (options.level != NULL || level == NULL || level[0] == '\0')
        environment_set(CONFIG_LOG, options.level != NULL ? options.level : "info");
    environment_make_absolute(CONFIG_LOG_FILE);
    environment_make_absolute(CONFIG_STATE);
    environment_preload(library);
    if (options.engine == NULL || strcmp(options.engine, "auto") == 0)
        set_own_path();
}

static int run_main(int argc, char **argv)
{
    static struct config config;
    struct start s = {.argv = argv + 1};
    char library[PATH_MAX];

    (void)argc;
    if (options.all_auto && !rules_add_text(&options.rules, AUTO_RULE))
        return STATUS_BAD_TABLE;
    if (!rules_load(&options.rules, &config))
        return STATUS_BAD_TABLE;
    int status = start_choose(&s, options.engine, s.argv[0]);
    if (status != STATUS_OK)
        return status;
    if (!install_paths_library(library) || (options.run != NULL && !set_run(options.run)))
        return STATUS_UNAVAILABLE;
    set_environment(&config, library);
    if (!s.is_notify)
        return start_exec(&s);
    s.datagrams = options.datagrams != NULL || config.datagrams;
    start_explain(s.argv[0], start_notify(&s), "");
    return STATUS_UNAVAILABLE;
}

static const struct option_spec OPTIONS[] = {
    OPTION_RULES_AND_FILE(&options.rules),
    {"auto", 0, NULL, OPTION_FLAG, &options.all_auto,
     "send every other privileged port to a free one"},
    {"when", 0, "always|denied", OPTION_CHOICE, &options.when,
     "always (default), or only if the kernel refuses"},
    {"report", 0, "asked|actual", OPTION_CHOICE, &options.report,
     "the ports that the command sees (default: asked)"},
    {"connect", 0, "registry|table|off", OPTION_CHOICE, &options.connect,
     "which connections to remap (default: registry)"},
    {"name", 0, "RUN", OPTION_RUN, &options.run, "use a separate registry, of this name"},
    {"engine", 0, "auto|preload|notify", OPTION_CHOICE, &options.engine,
     "how to catch calls (default: auto)"},
    {"datagrams", 0, "on", OPTION_CONSTANT, &options.datagrams,
     "with notify, remap sendto too (10 us a call)"},
    {"quiet", 'q', "error", OPTION_CONSTANT, &options.level,
     "print no line for each remapped bind"},
    {"verbose", 'v', "debug", OPTION_CONSTANT, &options.level, "print more lines"},
    {0},
};

const struct command run_command = {
    .name = "run",
    .arguments = "[--] COMMAND [ARGUMENT]...",
    .summary = "Run a command with its privileged ports remapped",
    .details = "Without --rules, --file and --auto the table comes from REMAP, REMAP_FILE,\n"
               "$XDG_CONFIG_HOME/remap.conf or /etc/remap.conf, the first that is set or\n"
               "exists; the default is " TABLE_DEFAULT ".\n"
               "\n"
               "Connections to this host reach running servers (registry), also by the table\n"
               "alone (table), or are left alone (off). The engine preload is for dynamic\n"
               "programs, notify for all others; auto chooses by the command.\n"
               "\n"
               "Exit status: that of the command; 64 usage, 69 no library or engine,\n"
               "78 invalid table, 126 the command cannot be executed, 127 it was not found.\n",
    .options = OPTIONS,
    .min_operands = 1,
    .max_operands = COMMAND_ANY_NUMBER,
    .takes_command = true,
    .main = run_main,
};

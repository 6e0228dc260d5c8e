/*
 * remap run: puts the library and the table into the environment, and starts the command. The
 * table is passed on in normal form, whatever its source: a program that changes its folder, user
 * or root still has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/describe.h"
#include "cli/environment.h"
#include "cli/keeper.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/start.h"
#include "cli/tree.h"
#include "cli/warnings.h"

static struct {
    struct tree tree;
    const char *level;
    const char *engine;
    bool is_dry;
} options = {.engine = "auto"};

/* A line for each remapped bind is the default, unless REMAP_LOG says otherwise. */
static void set_level(void)
{
    const char *level = getenv(config_variable[CONFIG_LOG]);

    if (options.level != NULL || level == NULL || level[0] == '\0')
        environment_set(CONFIG_LOG, options.level != NULL ? options.level : "info");
}

/* Prints the engine and the table as comments, and then commands for sh. */
static void print_plan(const struct start *s, const struct config *config)
{
    static char buf[MESSAGE_MAX];
    bool is_given = strcmp(options.engine, "auto") != 0;
    struct text text;

    text_init(&text, buf, sizeof(buf));
    if (!is_given)
        describe_reason(&s->verdict, &text);
    printf("# engine: %s, %s%s\n", s->is_notify ? "notify" : "preload",
           is_given ? "--engine " : "since ", is_given ? options.engine : buf);
    text_init(&text, buf, sizeof(buf));
    text_printable(&text, config->source, strlen(config->source));
    printf("# table: %s, from %s\n", output_table(&config->table, ','), buf);
    environment_print(SHELL_SH);
    shell_print_command(s->path, s->argv + 1);
}

static int run_main(int argc, char **argv)
{
    static struct config config;
    static struct start s;

    (void)argc;
    s.argv = argv + 1;
    s.config = &config;
    set_level();
    if (!tree_load(&options.tree, &config))
        return STATUS_BAD_TABLE;
    if (config.level >= LEVEL_INFO)
        warnings_print(&config.table, true);
    if (config.level >= LEVEL_DEBUG)
        message_print("the table from %s is %s, passed on in %s", config.source,
                      output_table(&config.table, ','), config_variable[CONFIG_RULES]);
    int status = start_choose(&s, options.engine, s.argv[0]);
    if (status == STATUS_OK && options.is_dry)
        status = start_try(&s);
    if (status == STATUS_OK)
        status = keeper_start(&config.table, options.is_dry);
    if (status == STATUS_OK)
        status = tree_enter(&options.tree, &config,
                            (struct tree_use){.is_preloaded = !s.is_notify,
                                              .has_enter = strcmp(options.engine, "auto") == 0,
                                              .is_dry = options.is_dry});
    if (status != STATUS_OK)
        return status;
    if (options.is_dry) {
        print_plan(&s, &config);
        return STATUS_OK;
    }
    if (!s.is_notify)
        return start_exec(&s);
    s.datagrams = config.datagrams != 0;
    start_explain(s.argv[0], start_notify(&s), "");
    return STATUS_UNAVAILABLE;
}

static const struct option_spec OPTIONS[] = {
    OPTIONS_OF_TREE(options.tree),
    {"engine", 0, "auto|preload|notify", OPTION_CHOICE, &options.engine,
     "how to catch calls (default: auto)"},
    {"dry-run", 0, NULL, OPTION_FLAG, &options.is_dry, "print what would be run, and run nothing"},
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
    .command_at = 1,
    .main = run_main,
};

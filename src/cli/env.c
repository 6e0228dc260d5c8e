/* remap env: what `remap run` puts into the environment, as commands for a shell. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/runs.h"
#include "cli/tree.h"
#include "cli/warnings.h"
#include "linux/procfs.h"

static struct {
    struct tree tree;
    const char *shell;
    bool is_undo;
} options;

static enum shell find_shell(void)
{
    const char *path = getenv("SHELL"), *slash = path != NULL ? strrchr(path, '/') : NULL;
    const char *name = options.shell != NULL ? options.shell : slash != NULL ? slash + 1 : "sh";

    return strcmp(name, "fish") == 0 ? SHELL_FISH : SHELL_SH;
}

/* Returns whether the folder would be used without REMAP_STATE. */
static bool is_default(const char *folder)
{
    const char *const *each = runs_folders();

    while (*each != NULL && strcmp(*each, folder) != 0)
        each++;
    return *each != NULL;
}

/* Leads from the folder of a run back to the one that it is in. */
static void leave_run(void)
{
    const char *state = getenv(config_variable[CONFIG_STATE]);
    CLEANUP_FREE char *above = state != NULL ? runs_above(state) : NULL;

    if (above == NULL)
        return;
    environment_remove(CONFIG_STATE);
    if (!is_default(above))
        environment_set(CONFIG_STATE, above);
}

/* Whether the shell has the library itself: it puts the variables back (preload/exec_env.h). */
static bool is_shell_in_tree(void)
{
    static const char NAME[] = "/libremap.so";
    PROCFS_CLEANUP_LINES struct procfs_lines lines;
    char path[PROCFS_PATH_MAX];
    struct span line;
    bool is_found = false;

    procfs_path(path, getppid(), "maps");
    bool is_open = procfs_open_lines(&lines, path);
    while (is_open && !is_found && procfs_next_line(&lines, &line))
        is_found = span_size(line) >= strlen(NAME) &&
                   memcmp(line.end - strlen(NAME), NAME, strlen(NAME)) == 0;
    return is_found;
}

/* Removes what tree_enter and tree_load set. */
static void undo(void)
{
    static const enum config_key KEYS[] = {CONFIG_RULES,   CONFIG_WHEN,      CONFIG_REPORT,
                                           CONFIG_CONNECT, CONFIG_DATAGRAMS, CONFIG_RUN,
                                           CONFIG_SOCKETS};

    leave_run();
    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
        environment_remove(KEYS[i]);
    environment_drop_preload();
}

static int env_main(int argc, char **argv)
{
    static struct config config;
    enum shell shell = find_shell();

    (void)argc, (void)argv;
    if (options.is_undo) {
        if (is_shell_in_tree())
            message_die(STATUS_NO, "this shell was started in the tree, and its programs stay "
                                   "there: leave it with 'exit'");
        undo();
    } else {
        if (!tree_load(&options.tree, &config))
            return STATUS_BAD_TABLE;
        warnings_print(&config.table, true);
        int status = tree_enter(&options.tree, &config,
                                (struct tree_use){.is_preloaded = true, .has_enter = true});
        if (status != STATUS_OK)
            return status;
    }
    environment_print(shell);
    return STATUS_OK;
}

static const struct option_spec OPTIONS[] = {
    OPTIONS_OF_TREE(options.tree),
    {"shell", 0, "sh|fish", OPTION_CHOICE, &options.shell,
     "whose commands to print (default: by $SHELL)"},
    {"undo", 0, NULL, OPTION_FLAG, &options.is_undo, "print what takes them back"},
    {0},
};

const struct command env_command = {
    .name = "env",
    .summary = "Print the variables of run, as commands for a shell",
    .details = "Programs that the shell then starts are in the tree, as with 'remap run':\n"
               "\n"
               "  eval \"$(remap env)\"           in sh, bash, dash, ksh and zsh\n"
               "  remap env | source            in fish\n"
               "  eval \"$(remap env --undo)\"    takes it back\n"
               "\n"
               "They print no line for each remapped bind: set REMAP_LOG=info for that.\n"
               "Exit status: 0; 1 the shell itself is in the tree, 64 usage, 69 no library, 78 "
               "invalid table.\n",
    .options = OPTIONS,
    .max_operands = 0,
    .main = env_main,
};

#include "cli/tree.h"

#include <limits.h>

#include "cli/environment.h"
#include "cli/install_paths.h"
#include "cli/output.h"
#include "cli/preload_path.h"
#include "cli/runs.h"

bool tree_load(struct tree *tree, struct config *config)
{
    if (tree->all_auto)
        rules_add_auto(&tree->rules);
    environment_set(CONFIG_WHEN, tree->when);
    environment_set(CONFIG_REPORT, tree->report);
    environment_set(CONFIG_CONNECT, tree->connect);
    environment_set(CONFIG_DATAGRAMS, tree->datagrams);
    environment_make_absolute(CONFIG_LOG_FILE);
    environment_make_absolute(CONFIG_STATE);
    return rules_load(&tree->rules, config);
}

int tree_enter(const struct tree *tree, const struct config *config, struct tree_use use)
{
    char library[PATH_MAX], path[PATH_MAX];

    environment_drop_ignored(config);
    environment_set(CONFIG_RULES, output_table(&config->table, ','));
    if (!use.is_preloaded) {
        environment_drop_preload();
    } else {
        if (!install_paths_library(library) ||
            !preload_path_find(library, config, !use.is_dry, path))
            return STATUS_UNAVAILABLE;
        environment_preload(path);
    }
    if (use.has_enter)
        environment_set(CONFIG_RUN, install_paths_own());
    if (tree->run != NULL) /* it has a registry of its own */
        environment_set(CONFIG_STATE, use.is_dry ? runs_locate(tree->run) : runs_begin(tree->run));
    return STATUS_OK;
}

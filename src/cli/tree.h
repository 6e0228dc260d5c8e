/* The table and the settings of a tree, as options: of run, env and check. */
#pragma once

#include "cli/command.h"
#include "cli/rules.h"

/* Settings that are NULL are left to the environment. */
struct tree {
    struct rules rules;
    bool all_auto;
    const char *when, *report, *connect;
    const char *datagrams;
    const char *run;
};

/* For a table of options. `tree` is the variable. */
// clang-format off
#define OPTIONS_OF_TREE(tree) \
    OPTION_RULES_AND_FILE(&(tree).rules), \
    {"publish", 'p', "ACTUAL:ASKED", OPTION_PUBLISH, &(tree).rules, \
     "add the rule ASKED=ACTUAL; [HOST:]8080:80[/udp]"}, \
    {"auto", 0, NULL, OPTION_FLAG, &(tree).all_auto, \
     "send every other privileged port to a free one"}, \
    {"when", 0, "always|denied", OPTION_CHOICE, &(tree).when, \
     "always (default), or only if the kernel refuses"}, \
    {"report", 0, "asked|actual", OPTION_CHOICE, &(tree).report, \
     "the ports that programs see (default: asked)"}, \
    {"connect", 0, "registry|table|off", OPTION_CHOICE, &(tree).connect, \
     "which connections to remap (default: registry)"}, \
    {"datagrams", 0, "on", OPTION_CONSTANT, &(tree).datagrams, \
     "with notify, remap sendto too (10 us a call)"}, \
    {"name", 0, "RUN", OPTION_RUN, &(tree).run, "use a separate registry, of this name"}
// clang-format on

/*
 * Puts the settings into the environment, and fills in *config: the rules of the options, if there
 * are any, and the settings of the environment. Returns false after a message.
 */
__attribute__((warn_unused_result)) bool tree_load(struct tree *tree, struct config *config);

/* What becomes of the tree. */
struct tree_use {
    bool is_preloaded; /* by libremap.so */
    bool has_enter;    /* programs that cannot be preloaded are caught by notify */
    bool is_dry;       /* nothing is made */
};

/*
 * Puts all that makes a program part of the tree into the environment, and makes the folder of the
 * run. Returns STATUS_OK, or an exit status after a message.
 */
int tree_enter(const struct tree *tree, const struct config *config, struct tree_use use);

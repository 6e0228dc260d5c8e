/* The table and the settings of a command: from its options, else from the environment. */
#ifndef CLI_RULES_H
#define CLI_RULES_H

#include <stdbool.h>

#include "core/config.h"

struct rules {
    struct table table;
    bool given;     /* options have added rules: all other sources of rules are ignored */
    bool is_strict; /* refuse files that others can change (cli/trusted_file.h) */
};

/* Each adds the rules of an option: -r, or -f (a path, or "-" for stdin). False after a message. */
__attribute__((warn_unused_result)) bool rules_add_text(struct rules *r, const char *text);
__attribute__((warn_unused_result)) bool rules_add_file(struct rules *r, const char *path);

/* Fills in *config, with the added rules if there are any. False after a message. */
__attribute__((warn_unused_result)) bool rules_load(const struct rules *r, struct config *config);

/* Fills in *config with the settings of the environment and the default table. False likewise. */
__attribute__((warn_unused_result)) bool rules_load_settings(struct config *config);

#endif

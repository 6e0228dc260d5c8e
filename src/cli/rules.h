/*
 * The table and the settings that a command works with: from its options, else from the
 * environment.
 */
#ifndef CLI_RULES_H
#define CLI_RULES_H

#include <stdbool.h>

#include "core/config.h"

/*
 * `given` says that options have named rules, so that no other source counts. Where
 * `is_strict`, files that others may write are refused (cli/trust.h).
 */
struct rules {
    struct table table;
    bool given;
    bool is_strict;
};

/*
 * Each appends what an option names: -r, and -f (a path, or "-" for stdin). False
 * where that is faulty; the fault has then been printed.
 */
bool rules_add_text(struct rules *r, const char *text);
bool rules_add_file(struct rules *r, const char *path);

/* Fills *config in, with the rules of the options where there are any. False, as above. */
bool rules_load(const struct rules *r, struct config *config);

/* Fills *config in with the settings of the environment alone, and the default table. False, as above. */
bool rules_load_settings(struct config *config);

#endif

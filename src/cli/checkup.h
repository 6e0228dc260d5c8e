/* What there is to find of this system, and of this user. */
#ifndef CLI_CHECKUP_H
#define CLI_CHECKUP_H

#include <stdbool.h>

#include "cli/finding.h"
#include "core/config.h"
#include "notify/support.h"

/* What checks leave for others. */
struct checkup {
    struct config config;
    bool has_config;
    struct support support;
};

/* Makes all checks, each a finding. Starts nothing that stays, and prints nothing. */
void checkup_system(struct checkup *c, struct findings *all);

#endif

/* What remap doctor checks of this system and this user. */
#ifndef CLI_DOCTOR_SYSTEM_H
#define CLI_DOCTOR_SYSTEM_H

#include <stdbool.h>

#include "cli/finding.h"
#include "core/config.h"
#include "notify/support.h"

/* What the checks have learned. */
struct doctor_system {
    struct config config;
    bool has_config;
    struct support support;
};

/* Makes all checks, and adds a finding for each. Prints nothing, and starts nothing that stays. */
void doctor_system_check(struct doctor_system *s, struct findings *all);

#endif

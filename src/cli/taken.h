/* Ports that rules map to, and that are taken now: findings of remap doctor. */
#pragma once

#include "cli/finding.h"

/*
 * Adds a finding for each. Looks at rules for one port, and at port 80 of others. Comes after the
 * checks of parts.h.
 */
void taken_check(struct findings *all);

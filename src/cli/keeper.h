/* The process that holds the sockets which the service manager passed, as long as the tree lives. */
#pragma once

#include <stdbool.h>

#include "core/table.h"

/*
 * Starts a keeper if a rule of the table needs one, and sets REMAP_SOCKETS to its address. Returns
 * STATUS_OK; or STATUS_UNAVAILABLE, after a message, if no socket was passed for a rule. With
 * `is_dry` it only looks.
 */
int keeper_start(const struct table *t, bool is_dry);

/* Warnings of what cannot work in a table. */
#pragma once

#include "core/table.h"

/*
 * Prints a line for each rule that is never used, that maps to a privileged port, or that maps to
 * the same port as another one. `is_for_this_user`: privileged ports may be no problem.
 */
void warnings_print(const struct table *t, bool is_for_this_user);

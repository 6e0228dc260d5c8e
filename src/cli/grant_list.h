/* The grants of this system: remap grant --list. */
#pragma once

#include <stdbool.h>

/* Prints the grants, as a table or as JSON. */
void grant_list_print(bool is_json);

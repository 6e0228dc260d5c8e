/* The grants of this system: remap grant --list. */
#pragma once

#include <stdbool.h>

/* Prints who may bind which ports, as a table or as JSON. */
void grant_list_print(bool is_json);

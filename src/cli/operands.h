/* The operands of 'remap export': a program, or a command, of the format. */
#pragma once

#include "export/format.h"

/* Ends the program after a message if there are too many, or too few. */
void operands_check(const struct format *format, char *const *operands);

/*
 * Sets in->command and in->folder. The path of the program becomes absolute, without links for
 * FORMAT_PROGRAM. Ends the program if it cannot be executed, or if the format cannot have it.
 */
void operands_find(const struct format *format, struct format_input *in, char **operands);

/* Texts of others, that need not be UTF-8. */
#ifndef CLI_PRINTABLE_H
#define CLI_PRINTABLE_H

#include <jansson.h>

/* The text as JSON has it: where it is not UTF-8, byte by byte. NULL where there is no memory. */
json_t *printable_json(const char *string);

#endif

/* Text and JSON on standard output. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <jansson.h>

#include "core/rule.h"

/* Each writes the text to `buf`, and returns it. */
const char *output_rule(const struct rule *rule, char buf[RULE_TEXT_MAX]);
const char *output_endpoint(const struct endpoint *e, char buf[RULE_TEXT_MAX]);

/*
 * Returns a JSON string, or NULL if out of memory. If the string is not UTF-8, '?' stands for each
 * byte that is not printable ASCII.
 */
json_t *output_json_string(const char *string);

/*
 * Prints `json`, and drops the reference. Returns STATUS_OK; or STATUS_UNAVAILABLE, after
 * a message, if out of memory, which is also what NULL means. main.c reports write errors.
 */
int output_json(json_t *json);

#endif

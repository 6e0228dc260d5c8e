/* Text and JSON on standard output. */
#pragma once

#include <jansson.h>

#include "core/table.h"

/* Each writes the text to `buf`, and returns it. */
const char *output_rule(const struct rule *rule, char buf[RULE_TEXT_MAX]);
const char *output_asked(const struct rule *rule, char buf[RULE_TEXT_MAX]);
const char *output_endpoint(const struct endpoint *e, char buf[RULE_TEXT_MAX]);

/* Returns the table in normal form. The text is valid until the next call. */
const char *output_table(const struct table *table, char separator);

/*
 * Returns a JSON string, or NULL if out of memory. If the string is not UTF-8, '?' stands for each
 * byte that is not printable ASCII.
 */
json_t *output_json_string(const char *string);

/* Appends the value, and drops the reference to it. NULL, here and below, means out of memory. */
void output_append(json_t *array, json_t *value);

/* Prints `json` in ASCII, and drops the reference. main.c reports write errors. */
void output_json(json_t *json);

/* Prints it likewise, in one line. */
void output_json_line(json_t *json);

#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"
#include "core/text.h"

const char *output_rule(const struct rule *rule, char buf[RULE_TEXT_MAX])
{
    struct text text;

    text_init(&text, buf, RULE_TEXT_MAX);
    rule_format(rule, &text);
    return buf;
}

const char *output_table(const struct table *table, char separator)
{
    static char buf[TABLE_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    table_format(table, separator, &text);
    return buf;
}

const char *output_asked(const struct rule *rule, char buf[RULE_TEXT_MAX])
{
    struct text text;

    text_init(&text, buf, RULE_TEXT_MAX);
    rule_format_asked(rule, &text);
    return buf;
}

const char *output_endpoint(const struct endpoint *e, char buf[RULE_TEXT_MAX])
{
    struct text text;

    text_init(&text, buf, RULE_TEXT_MAX);
    endpoint_format(e, &text);
    return buf;
}

/* Only memory that runs out makes the values of this file fail. */
json_t *output_json_string(const char *string)
{
    json_t *json = json_string(string);
    size_t size = strlen(string);
    struct text text;

    if (json != NULL)
        return json;
    CLEANUP_FREE char *printable = memory_check(malloc(size + 1));
    text_init(&text, printable, size + 1);
    text_printable(&text, string, size);
    return json_string(printable);
}

void output_append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        memory_is_out();
}

static void print(json_t *json, size_t flags)
{
    json_auto_t *owned = json;

    if (owned == NULL ||
        (json_dumpf(owned, stdout, flags | JSON_ENSURE_ASCII) != 0 && !ferror(stdout)))
        memory_is_out();
    putchar('\n');
}

void output_json(json_t *json)
{
    print(json, JSON_INDENT(2));
}

void output_json_line(json_t *json)
{
    print(json, JSON_COMPACT);
}

/* The table as data. `rules` is the same table in the grammar of remap.conf(5). */
#include <jansson.h>
#include <stdlib.h>

#include "core/errname.h"
#include "export/format.h"

/* Returns NULL for no address. IPv6 has no brackets in JSON. */
static json_t *addr_json(const struct addr *addr, bool is_wildcard)
{
    char buf[RULE_TEXT_MAX];
    struct text text;

    if (is_wildcard)
        return json_string("*");
    if (addr->family == AF_UNSPEC)
        return json_null();
    text_init(&text, buf, sizeof(buf));
    addr_format(addr, &text);
    bool is_v6 = addr->family == AF_INET6;
    return json_stringn(buf + is_v6, text.used - 2 * is_v6);
}

static json_t *rule_json(const struct rule *rule)
{
    bool has_ports = rule->to_first != 0;
    char buf[RULE_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    rule_format(rule, &text);
    return json_pack(
        "{s:s, s:o, s:o, s:i, s:i, s:s, s:o, s:o, s:o, s:o, s:s?}", "rule", buf, "protocol",
        rule->proto != PROTO_ANY ? json_string(proto_name(rule->proto)) : json_null(), "address",
        addr_json(&rule->host, false), "first", (int)rule->first, "last", (int)rule->last, "target",
        rule_target_name(rule->target), "target_address", addr_json(&rule->to, rule->to_wildcard),
        "target_first", has_ports ? json_integer(rule->to_first) : json_null(), "target_last",
        has_ports ? json_integer(rule->to_last) : json_null(), "socket",
        rule->name[0] != '\0' ? json_string(rule->name) : json_null(), "error",
        errname_of(rule->error));
}

static void print(const struct format_input *in, FILE *out)
{
    static char rules[TABLE_TEXT_MAX];
    json_t *list = json_array();
    struct text text;

    text_init(&text, rules, sizeof(rules));
    table_format(in->table, ',', &text);
    for (size_t i = 0; i < in->table->count; i++)
        json_array_append_new(list, rule_json(&in->table->rule[i]));
    json_t *all = json_pack("{s:s, s:o}", "rules", rules, "table", list);
    if (all == NULL || (json_dumpf(all, out, JSON_INDENT(2)) != 0 && !ferror(out)))
        abort(); /* out of memory */
    fputc('\n', out);
    json_decref(all);
}

const struct format json_format = {
    .name = "json",
    .summary = "the table as data",
    .kind = FORMAT_TABLE,
    .print = print,
};

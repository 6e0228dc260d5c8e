#include "core/table.h"

#include <string.h>

#include "core/hot.h"

/* ---- reading and writing ---- */

static bool fault(const struct source *source, const char *at, const char *message, struct diag *d)
{
    struct text out = diag_at(d, source, at);
    text_string(&out, message);
    return false;
}

/* The end of the rule that starts at `at`: a separator, a comment, or the end of the text. */
static const char *rule_end(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '\n' && *at != '#')
        at++;
    return at;
}

/* The end of the comment that starts at `at`, if one does. */
static const char *comment_end(const char *at, const char *end)
{
    if (at == end || *at != '#')
        return at;
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline != NULL ? newline : end;
}

typedef bool parse_one(struct rule *rule, const struct source *source, struct span text,
                       struct diag *d);

static bool parse_all(struct table *t, const struct source *source, parse_one *parse,
                      struct diag *d)
{
    const char *at = source->text, *end = at + source->size;
    const char *comma = NULL; /* a comma without a rule after it so far */

    while (at < end) {
        const char *stop = rule_end(at, end);
        struct span text = span_trimmed((struct span){at, stop});
        at = comment_end(stop, end);

        bool at_comma = at < end && *at == ',';
        if (text.at < text.end) {
            if (t->count == TABLE_MAX)
                return fault(source, text.at, "more than 256 rules: join neighbours into ranges",
                             d);
            if (!parse(&t->rule[t->count], source, text, d))
                return false;
            t->count++;
            comma = at_comma ? at : NULL;
        } else if (at_comma) {
            return fault(source, at, "a rule is missing before the comma: remove the comma", d);
        }
        at++;
    }
    if (comma != NULL)
        return fault(source, comma, "a rule is missing after the comma: remove the comma", d);
    return true;
}

static bool parse_or_restore(struct table *t, const struct source *source, parse_one *parse,
                             struct diag *d)
{
    size_t before = t->count;

    if (parse_all(t, source, parse, d))
        return true;
    t->count = before;
    return false;
}

bool table_parse(struct table *t, const struct source *source, struct diag *d)
{
    return parse_or_restore(t, source, rule_parse, d);
}

bool table_parse_asked(struct table *t, const struct source *source, struct diag *d)
{
    return parse_or_restore(t, source, rule_parse_asked, d);
}

void table_format(const struct table *t, char separator, struct text *out)
{
    if (t->count == 0)
        text_string(out, "# no rules");
    for (size_t i = 0; i < t->count; i++) {
        if (i > 0)
            text_char(out, separator);
        rule_format(&t->rule[i], out);
    }
}

void table_format_asked(const struct table *t, struct text *out)
{
    for (size_t i = 0; i < t->count; i++) {
        if (i > 0)
            text_char(out, ',');
        rule_format_asked(&t->rule[i], out);
    }
}

/* ---- deciding ---- */

HOT bool table_names_port(const struct table *t, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        if (port >= t->rule[i].first && port <= t->rule[i].last)
            return true;
    }
    return false;
}

bool table_needs_proto(const struct table *t, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (rule->proto != PROTO_ANY && port >= rule->first && port <= rule->last)
            return true;
    }
    return false;
}

HOT struct decision table_decide(const struct table *t, const struct endpoint *asked)
{
    struct decision d = {.action = ACTION_PASS, .rule = -1, .host = {.family = AF_UNSPEC}};

    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if (rule_judge(rule, asked) != RULE_DECIDES)
            continue;
        d.rule = (int)i;
        d.action = rule->target < RULE_AUTO ? ACTION_MAP : (enum action)rule->target;
        d.host = rule->to;
        if (rule->to_wildcard)
            d.host.family = asked->addr.family;
        if (d.action == ACTION_MAP) {
            d.first = (uint16_t)(asked->port - rule->first + rule->to_first);
            d.last = rule->target == RULE_POOL ? rule->to_last : d.first;
        }
        break;
    }
    return d;
}

bool table_has_target(const struct table *t, enum rule_target target)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->rule[i].target == target)
            return true;
    }
    return false;
}

bool table_uses_port(const struct table *t, uint16_t port)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct rule *rule = &t->rule[i];
        if ((port >= rule->first && port <= rule->last) ||
            (port >= rule->to_first && port <= rule->to_last))
            return true;
    }
    return false;
}

/* ---- what is wrong with a table that parses ---- */

/* Returns whether an earlier rule matches all binds to `port` that rule `index` matches. */
static bool is_taken_before(const struct table *t, size_t index, uint16_t port)
{
    const struct rule *rule = &t->rule[index];

    for (size_t i = 0; i < index; i++) {
        const struct rule *earlier = &t->rule[i];
        if (port >= earlier->first && port <= earlier->last &&
            (earlier->proto == PROTO_ANY || earlier->proto == rule->proto) &&
            (earlier->host.family == AF_UNSPEC || addr_equal(&earlier->host, &rule->host)))
            return true;
    }
    return false;
}

bool table_rule_is_dead(const struct table *t, size_t index)
{
    for (unsigned port = t->rule[index].first; port <= t->rule[index].last; port++) {
        if (!is_taken_before(t, index, (uint16_t)port))
            return false;
    }
    return true;
}

/* What a rule binds, without a port: the address of its target, else the one that it matches. */
static struct endpoint bound_by(const struct rule *rule)
{
    struct endpoint e = {.proto = rule->proto};

    if (!rule->to_wildcard)
        e.addr = rule->to.family != AF_UNSPEC ? rule->to : rule->host;
    return e;
}

/* The asked port that a rule sends to `actual`, one of to_first..to_last. */
static uint16_t asked_for(const struct rule *rule, unsigned actual)
{
    return rule->target == RULE_POOL ? rule->first
                                     : (uint16_t)(actual - rule->to_first + rule->first);
}

bool table_rules_meet(const struct table *t, size_t i, size_t j, struct meeting *m)
{
    const struct rule *a = &t->rule[i], *b = &t->rule[j];
    struct endpoint by_a = bound_by(a), by_b = bound_by(b);
    unsigned port = a->to_first > b->to_first ? a->to_first : b->to_first;

    if (!endpoint_overlap(&by_a, &by_b) || (a->target == RULE_POOL && b->target == RULE_POOL) ||
        a->to_first == 0 || b->to_first == 0)
        return false;
    for (; port <= a->to_last && port <= b->to_last; port++) {
        uint16_t of_a = asked_for(a, port), of_b = asked_for(b, port);
        if (of_a == of_b || is_taken_before(t, i, of_a) || is_taken_before(t, j, of_b))
            continue;
        *m = (struct meeting){.asked = {of_a, of_b}, .actual = (uint16_t)port};
        return true;
    }
    return false;
}

/*
 * Any text at all: the parser must not crash, and what it takes must survive being written
 * and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parse(struct table *t, const char *text, size_t size, struct diag *d)
{
    struct source source = {.name = "fuzz", .text = text, .size = size};
    t->count = 0;
    return table_parse(t, &source, d);
}

static void check_diagnostic(const struct diag *d)
{
    char buf[DIAG_TEXT_MAX];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    diag_format(d, &text);
    if (text.cut || d->line == 0 || d->message[0] == '\0')
        abort();
}

static void check_table(const struct table *t)
{
    static char first[TABLE_TEXT_MAX], second[TABLE_TEXT_MAX];
    static struct table again;
    struct text text;
    struct diag d;

    text_init(&text, first, sizeof(first));
    table_format(t, '\n', &text);
    if (text.cut || !parse(&again, first, text.used, &d) || again.count != t->count)
        abort();
    text_init(&text, second, sizeof(second));
    table_format(&again, '\n', &text);
    if (strcmp(first, second) != 0)
        abort();
}

/* A decision must come from a rule that matches, and stay within the ports. */
static void check_decisions(const struct table *t)
{
    static const uint16_t ports[] = {1, 80, 443, 1023, 8080, 65535};

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        struct endpoint e = {PROTO_TCP, {.family = AF_INET}, ports[i]};
        struct decision d = table_decide(t, &e);
        if (d.rule >= 0 && rule_judge(&t->rule[d.rule], &e) != RULE_DECIDES)
            abort();
        if (d.action == ACTION_MAP && (d.first == 0 || d.first > d.last))
            abort();
    }
}

/* The same text as other programs publish ports. The rule must be one that a table can hold. */
static void check_published(const char *data, size_t size)
{
    static struct table t;
    struct source source = {.name = "fuzz", .text = data, .size = size};
    struct diag d;

    if (rule_parse_published(&t.rule[0], &source, &d)) {
        t.count = 1;
        check_table(&t);
    } else {
        check_diagnostic(&d);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct table t;
    struct diag d;

    check_published((const char *)data, size);
    if (!parse(&t, (const char *)data, size, &d)) {
        check_diagnostic(&d);
        return 0;
    }
    check_table(&t);
    check_decisions(&t);
    return 0;
}

/* Every case of tests/data/rules.tsv, each a test of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/table.h"
#include "unit.h"

#define DATA "tests/data/rules.tsv"

struct test_case {
    char *name;
    size_t size; /* of text, which may hold NUL */
    char *text;
    char *result;
    char *where;
};

static void parse(const struct test_case *c, struct table *t, bool *ok, struct diag *d)
{
    struct source source = {.name = "data", .text = c->text, .size = c->size};
    t->count = 0;
    *ok = table_parse(t, &source, d);
}

static void check_normal_form(const struct test_case *c, const struct table *t)
{
    static char buf[TABLE_TEXT_MAX];
    struct text text;
    struct table again;
    struct diag d;
    bool ok;

    text_init(&text, buf, sizeof(buf));
    table_format(t, ',', &text);
    assert_false(text.cut);
    assert_string_equal(buf, c->result);

    struct test_case normal = {.text = buf, .size = text.used};
    parse(&normal, &again, &ok, &d);
    assert_true(ok);
    assert_int_equal(again.count, t->count);
    for (size_t i = 0; i < t->count; i++)
        assert_memory_equal(&again.rule[i], &t->rule[i], sizeof(t->rule[i]));
}

static void test_case(void **state)
{
    const struct test_case *c = *state;
    struct table *t = calloc(1, sizeof(*t));
    struct diag d;
    char where[32];
    bool ok;

    assert_non_null(t);
    parse(c, t, &ok, &d);
    if (strncmp(c->result, "error: ", 7) != 0) {
        assert_true(ok);
        check_normal_form(c, t);
    } else {
        assert_false(ok);
        assert_int_equal(t->count, 0);
        assert_string_equal(d.message, c->result + 7);
        snprintf(where, sizeof(where), "%u:%u", d.line, d.column);
        assert_string_equal(where, c->where);
    }
    free(t);
}

/* Undoes the escapes in place. Returns the size. */
static size_t unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        unsigned byte = 0;
        switch (*++from) {
        case 'n':
            *to++ = '\n';
            break;
        case 'r':
            *to++ = '\r';
            break;
        case 't':
            *to++ = '\t';
            break;
        default:
            if (sscanf(from, "x%2x", &byte) != 1)
                abort();
            *to++ = (char)byte;
            from += 2;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

static void add_cases(FILE *file)
{
    char line[1024];

    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strchr(line, '\t') == NULL)
            continue;
        struct test_case *c = calloc(1, sizeof(*c));
        char *copy = strdup(line);
        if (c == NULL || copy == NULL)
            abort();
        c->name = strndup(line, strcspn(line, "\t"));
        c->text = strsep(&copy, "\t");
        c->result = strsep(&copy, "\t");
        c->where = strsep(&copy, "\t");
        c->size = unescape(c->text);
        unit_add(0,
                 (struct CMUnitTest){.name = c->name, .test_func = test_case, .initial_state = c});
    }
}

__attribute__((constructor)) static void read_data(void)
{
    FILE *file = fopen(DATA, "r");

    if (file == NULL) {
        perror(DATA);
        exit(1);
    }
    add_cases(file);
    fclose(file);
}

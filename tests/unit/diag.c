#include "core/diag.h"

#include <string.h>

#include "unit.h"

static void show(const char *source, const char *text, const char *at, char *buf, size_t size)
{
    struct diag d;
    struct text out, message = diag_at(&d, source, text, strlen(text), at);

    text_string(&message, "wrong: mend it");
    text_init(&out, buf, size);
    diag_format(&d, &out);
    assert_false(out.cut);
}

static void test_line_column_and_caret(void **state)
{
    static const char text[] = "80=8080\n443=70000\n22=2222";
    char buf[DIAG_TEXT_MAX];

    (void)state;
    show("a.conf", text, strstr(text, "70000"), buf, sizeof(buf));
    assert_string_equal(buf, "a.conf:2:5: wrong: mend it\n  443=70000\n      ^");
}

static void test_end_of_text(void **state)
{
    static const char text[] = "80=";
    char buf[DIAG_TEXT_MAX];

    (void)state;
    show("REMAP", text, text + 3, buf, sizeof(buf));
    assert_string_equal(buf, "REMAP:1:4: wrong: mend it\n  80=\n     ^");
}

/* The caret stands under the fault, also where the line is far too long to be shown. */
static void test_long_line(void **state)
{
    char text[5000], buf[DIAG_TEXT_MAX];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    text[3000] = 'X';
    show("REMAP", text, text + 3000, buf, sizeof(buf));
    const char *x = strchr(buf, 'X'), *caret = strchr(buf, '^');
    assert_non_null(x);
    assert_non_null(caret);
    const char *x_line = x, *caret_line = caret;
    while (x_line[-1] != '\n')
        x_line--;
    while (caret_line[-1] != '\n')
        caret_line--;
    assert_int_equal(x - x_line, caret - caret_line);
    assert_non_null(strstr(buf, "REMAP:1:3001: "));
}

/* Nothing that a terminal would act on gets through. */
static void test_control_characters(void **state)
{
    static const char text[] = "\t\033[31m\xc3\xa9=80";
    char buf[DIAG_TEXT_MAX];

    (void)state;
    show("a\nb", text, strchr(text, '='), buf, sizeof(buf));
    assert_string_equal(buf, "a?b:1:9: wrong: mend it\n   ?[31m?\077=80\n          ^");
}

static void test_whole_source(void **state)
{
    struct diag d;
    struct text out, message = diag_whole(&d, "/etc/remap.conf");
    char buf[DIAG_TEXT_MAX];

    (void)state;
    text_string(&message, "no such file: check the path");
    text_init(&out, buf, sizeof(buf));
    diag_format(&d, &out);
    assert_string_equal(buf, "/etc/remap.conf: no such file: check the path");
}

static void test_text_is_cut_not_overrun(void **state)
{
    char buf[8];
    struct text t;

    (void)state;
    memset(buf, 'z', sizeof(buf));
    text_init(&t, buf, 5);
    text_string(&t, "abc");
    assert_false(t.cut);
    text_number(&t, 12345);
    assert_true(t.cut);
    assert_string_equal(buf, "abc1");
    assert_int_equal(buf[5], 'z');
}

static void test_numbers(void **state)
{
    char buf[80];
    struct text t;

    (void)state;
    text_init(&t, buf, sizeof(buf));
    text_number(&t, 0);
    text_char(&t, ' ');
    text_number(&t, 4294967295UL);
    text_char(&t, ' ');
    text_hex(&t, 0xdb8);
    assert_string_equal(buf, "0 4294967295 db8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_column_and_caret),
        cmocka_unit_test(test_end_of_text),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_whole_source),
        cmocka_unit_test(test_text_is_cut_not_overrun),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}

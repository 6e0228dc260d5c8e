#include "core/diag.h"

#include <string.h>

#include "unit.h"

static void show(const char *source, const char *text, const char *at, char *buf, size_t size)
{
    struct diag d;
    struct text out, message = diag_at(&d, &(struct source){source, text, strlen(text), false}, at);

    text_string(&message, "wrong: mend it");
    text_init(&out, buf, size);
    diag_format(&d, &out);
    assert_false(out.cut);
}

TEST(line_column_and_caret)
{
    static const char text[] = "80=8080\n443=70000\n22=2222";
    char buf[DIAG_TEXT_MAX];

    show("a.conf", text, strstr(text, "70000"), buf, sizeof(buf));
    assert_string_equal(buf, "a.conf:2:5: wrong: mend it\n  443=70000\n      ^");
}

TEST(end_of_text)
{
    static const char text[] = "80=";
    char buf[DIAG_TEXT_MAX];

    show("REMAP", text, text + 3, buf, sizeof(buf));
    assert_string_equal(buf, "REMAP:1:4: wrong: mend it\n  80=\n     ^");
}

/* The caret stands under the fault, also where the line is far too long to be shown. */
TEST(long_line)
{
    char text[5000], buf[DIAG_TEXT_MAX];

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
TEST(control_characters)
{
    static const char text[] = "\t\033[31m\xc3\xa9=80";
    char buf[DIAG_TEXT_MAX];

    show("a\nb", text, strchr(text, '='), buf, sizeof(buf));
    assert_string_equal(buf, "a?b:1:9: wrong: mend it\n   ?[31m?\077=80\n          ^");
}

TEST(whole_source)
{
    struct diag d;
    struct text out;
    char buf[DIAG_TEXT_MAX];

    assert_false(diag_whole(&d, "/etc/remap.conf", "no such file: check the path"));
    text_init(&out, buf, sizeof(buf));
    diag_format(&d, &out);
    assert_string_equal(buf, "/etc/remap.conf: no such file: check the path");
}

TEST(text_is_cut_not_overrun)
{
    char buf[8];
    struct text t;

    memset(buf, 'z', sizeof(buf));
    text_init(&t, buf, 5);
    text_string(&t, "abc");
    assert_false(t.cut);
    text_number(&t, 12345);
    assert_true(t.cut);
    assert_string_equal(buf, "abc1");
    assert_int_equal(buf[5], 'z');
}

TEST(numbers)
{
    char buf[80];
    struct text t;

    text_init(&t, buf, sizeof(buf));
    text_number(&t, 0);
    text_char(&t, ' ');
    text_number(&t, 4294967295UL);
    text_char(&t, ' ');
    text_number_in(&t, 0xdb8, 16);
    assert_string_equal(buf, "0 4294967295 db8");
}

TEST(printable_text)
{
    static const struct {
        const char *bytes, *printed;
    } CASES[] = {
        {"a~ \t", "a~  "},
        {"\x1b[31m\x7f\n", "?[31m??"},
        {"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\x98", "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x90\x98"},
        {"\xc2\x9b"
         "1m",
         "??1m"}, /* U+009B, a control character */
        {"\xe2\x80\xae\xe2\x80\xac \xe2\x81\xa6\xe2\x81\xa9",
         "?????? ??????"}, /* U+202E and U+2066 turn the direction */
        {"\xe2\x80\x8b|\xef\xbb\xbf|\xf3\xa0\x81\x81", "???|???|????"},
        {"\xa9 \xc3 \xe6\x97 \xc3", "? ? ?? ?"},                   /* cut, or without a beginning */
        {"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "?? ??? ????"}, /* longer than needed */
        {"\xed\xa0\x80 \xf4\x90\x80\x80 \xff", "??? ???? ?"},      /* no characters */
    };
    char buf[80];
    struct text t;

    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        text_init(&t, buf, sizeof(buf));
        text_printable(&t, CASES[i].bytes, strlen(CASES[i].bytes));
        assert_string_equal(buf, CASES[i].printed);
    }
    text_init(&t, buf, 5);
    text_printable(&t,
                   "ab\xe6\x97\xa5"
                   "c",
                   6);
    assert_string_equal(buf, "ab"); /* no half of a character, and nothing behind it */
    assert_true(t.cut);
}

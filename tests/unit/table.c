#include "core/table.h"

#include <string.h>

#include "unit.h"

static void read_table(struct table *t, const char *text)
{
    struct source source = {.name = "test", .text = text, .size = strlen(text)};
    struct diag d;

    t->count = 0;
    if (!table_parse(t, &source, &d))
        fail_msg("%s: %s", text, d.message);
}

/*
 * What becomes of an endpoint, as text: "pass", "deny", "auto" or "HOST:PORT[-PORT]", and
 * the rule's number.
 */
static void decide_as_text(const char *table, const char *asked, char *buf, size_t size)
{
    struct table t;
    struct text out;
    struct endpoint e = unit_endpoint(asked);

    read_table(&t, table);
    struct decision d = table_decide(&t, &e);
    text_init(&out, buf, size);
    switch (d.action) {
    case ACTION_PASS:
        text_string(&out, "pass");
        break;
    case ACTION_DENY:
        text_string(&out, "deny");
        break;
    case ACTION_AUTO:
        text_string(&out, "auto");
        break;
    case ACTION_DROP:
        text_string(&out, "drop");
        break;
    case ACTION_SYSTEMD:
        text_string(&out, "systemd");
        break;
    case ACTION_MAP:
        addr_format(&d.host, &out);
        text_char(&out, ':');
        text_number(&out, d.first);
        if (d.first != d.last) {
            text_char(&out, '-');
            text_number(&out, d.last);
        }
        break;
    }
    text_string(&out, d.rule < 0 ? " by none" : " by ");
    if (d.rule >= 0)
        text_number(&out, (unsigned long)d.rule + 1);
}

static const struct {
    const char *table, *asked, *outcome;
} DECISIONS[] = {
    {"80=8080", "tcp/0.0.0.0:80", "*:8080 by 1"},
    {"80=8080", "udp/[::]:80", "*:8080 by 1"},
    {"80=8080", "sctp/[::1]:80", "*:8080 by 1"},
    {"80=8080", "tcp/0.0.0.0:81", "pass by none"},
    {"80=8080", "tcp/0.0.0.0:8080", "pass by none"},
    {"1-1023=+8000", "tcp/0.0.0.0:1", "*:8001 by 1"},
    {"1-1023=+8000", "tcp/0.0.0.0:1023", "*:9023 by 1"},
    {"1-1023=+8000", "tcp/0.0.0.0:1024", "pass by none"},
    {"8080=-8000", "tcp/0.0.0.0:8080", "*:80 by 1"},
    {"8000-8099=9000-9099", "tcp/0.0.0.0:8042", "*:9042 by 1"},
    {"80=8080-8099", "tcp/0.0.0.0:80", "*:8080-8099 by 1"},
    {"80=8080,80=9090", "tcp/0.0.0.0:80", "*:8080 by 1"},
    {"udp 53=5353,53=5300", "tcp/0.0.0.0:53", "*:5300 by 2"},
    {"udp 53=5353,53=5300", "udp/0.0.0.0:53", "*:5353 by 1"},
    {"80=keep,1-1023=+8000", "tcp/0.0.0.0:80", "pass by 1"},
    {"22=deny", "tcp/0.0.0.0:22", "deny by 1"},
    {"22=deny:EADDRINUSE", "tcp/0.0.0.0:22", "deny by 1"},
    {"6000=drop", "tcp/0.0.0.0:6000", "drop by 1"},
    {"21=auto", "tcp/0.0.0.0:21", "auto by 1"},
    {"127.0.0.1:80=8080", "tcp/127.0.0.1:80", "*:8080 by 1"},
    {"127.0.0.1:80=8080", "tcp/0.0.0.0:80", "pass by none"},
    {"127.0.0.1:80=8080", "tcp/127.0.0.2:80", "pass by none"},
    {"127.0.0.1:80=8080", "tcp/[::1]:80", "pass by none"},
    {"[::1]:80=8080", "tcp/[::1]:80", "*:8080 by 1"},
    {"0.0.0.0:80=8080", "tcp/[::]:80", "pass by none"},
    {"80=127.0.0.1:8080", "tcp/0.0.0.0:80", "127.0.0.1:8080 by 1"},
    {"80=[::1]:8080", "tcp/[::]:80", "[::1]:8080 by 1"},
    {"80=*:8080", "tcp/127.0.0.1:80", "0.0.0.0:8080 by 1"},
    {"80=*:8080", "tcp/[::1]:80", "[::]:8080 by 1"},
};

TEST(decisions)
{
    for (size_t i = 0; i < COUNT(DECISIONS); i++) {
        char buf[80];
        decide_as_text(DECISIONS[i].table, DECISIONS[i].asked, buf, sizeof(buf));
        if (strcmp(buf, DECISIONS[i].outcome) != 0)
            fail_msg("%s under %s: %s, not %s", DECISIONS[i].asked, DECISIONS[i].table, buf,
                     DECISIONS[i].outcome);
    }
}

/*
 * An endpoint that is written [::ffff:...] is unmapped by its parser; what bind() is given
 * is not.
 */
TEST(mapped_address_matches_v4_rule)
{
    struct table t;
    struct endpoint e = {
        .proto = PROTO_TCP,
        .port = 80,
        .addr = {.family = AF_INET6, .bytes = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}}};

    read_table(&t, "127.0.0.1:80=8080");
    assert_int_equal(table_decide(&t, &e).first, 8080);
    e.addr.bytes[15] = 2;
    assert_int_equal(table_decide(&t, &e).rule, -1);
}

TEST(needs_proto)
{
    struct table t;

    read_table(&t, "udp 53=5353,100-200=+1000,tcp 150=keep");
    assert_true(table_needs_proto(&t, 53));
    assert_false(table_needs_proto(&t, 100));
    assert_true(table_needs_proto(&t, 150));
    assert_false(table_needs_proto(&t, 80));
}

TEST(names_port)
{
    struct table t;

    read_table(&t, "udp 53=5353,100-200=+1000");
    assert_true(table_names_port(&t, 53));
    assert_true(table_names_port(&t, 100));
    assert_true(table_names_port(&t, 200));
    assert_false(table_names_port(&t, 99));
    assert_false(table_names_port(&t, 5353));
    assert_true(table_uses_port(&t, 5353));
    assert_true(table_uses_port(&t, 1150));
    assert_false(table_uses_port(&t, 1201));
    read_table(&t, "53=keep");
    assert_false(table_uses_port(&t, 1));
}

/* "PORT PORT -> PORT", or "" where no two rules meet. */
static void meeting_as_text(const char *table, char *buf, size_t size)
{
    struct table t;
    struct text out;
    struct meeting m;

    read_table(&t, table);
    text_init(&out, buf, size);
    for (size_t j = 1; j < t.count; j++) {
        for (size_t i = 0; i < j; i++) {
            if (!table_rules_meet(&t, i, j, &m))
                continue;
            text_number(&out, m.asked[0]);
            text_char(&out, ' ');
            text_number(&out, m.asked[1]);
            text_string(&out, " -> ");
            text_number(&out, m.actual);
            return;
        }
    }
}

static const struct {
    const char *table, *meeting;
} MEETINGS[] = {
    {"80=8080,443=8443", ""},
    {"80=8080,443=8080", "80 443 -> 8080"},
    {"80=8080,8080=keep", "80 8080 -> 8080"},
    {"1-1023=+8000,8080=8080", "80 8080 -> 8080"},
    {"80=8888,1-1023=+8000", "80 888 -> 8888"},
    {"80=8080,1-1023=+8000", ""}, /* the same asked port: the second rule never has it */
    {"tcp 80=8080,udp 81=8080", ""},
    {"tcp 80=8080,81=8080", "80 81 -> 8080"},
    {"127.0.0.1:80=8080,127.0.0.2:81=8080", ""},
    {"127.0.0.1:80=8080,81=8080", "80 81 -> 8080"},
    {"127.0.0.1:80=8080,80=8080", ""}, /* they would collide on port 80 too */
    {"80=127.0.0.1:8080,81=127.0.0.2:8080", ""},
    {"80=127.0.0.1:8080,81=*:8080", "80 81 -> 8080"},
    {"80=8080-8089,443=8080-8089", ""},
    {"80=8080-8089,443=8085", "80 443 -> 8085"},
    {"80=deny,81=auto,8080=keep", ""},
    {"80=keep,81=8081,80=8081", ""},
    {"100-199=1000-1099,200-299=1050-1149", "150 200 -> 1050"},
};

TEST(meetings)
{
    for (size_t i = 0; i < COUNT(MEETINGS); i++) {
        char buf[80];
        meeting_as_text(MEETINGS[i].table, buf, sizeof(buf));
        if (strcmp(buf, MEETINGS[i].meeting) != 0)
            fail_msg("%s: '%s', not '%s'", MEETINGS[i].table, buf, MEETINGS[i].meeting);
    }
}

TEST(dead_rules)
{
    struct table t;

    read_table(&t, "80=8080,80=9090,tcp 80=1,81=8081,80-81=+1,80-82=+1,udp 83=1,83=2");
    static const bool dead[] = {false, true, true, false, true, false, false, false};
    for (size_t i = 0; i < COUNT(dead); i++)
        assert_int_equal(table_rule_is_dead(&t, i), dead[i]);
}

TEST(capacity)
{
    static char rules[TABLE_MAX * 8 + 32];
    struct text text;
    struct table t = {.count = 0};
    struct diag d;

    text_init(&text, rules, sizeof(rules));
    for (size_t i = 0; i < TABLE_MAX; i++)
        text_string(&text, "80=8080,");
    struct source full = {.name = "test", .text = rules, .size = text.used - 1};
    assert_true(table_parse(&t, &full, &d));
    assert_int_equal(t.count, TABLE_MAX);

    text_string(&text, "81=8081");
    struct source more = {.name = "test", .text = rules, .size = text.used};
    t.count = 0;
    assert_false(table_parse(&t, &more, &d));
    assert_int_equal(t.count, 0);
    assert_string_equal(d.message, "more than 256 rules: join neighbours into ranges");
    assert_int_equal(d.column, TABLE_MAX * 8 + 1);
}

TEST(longest_rule_fits)
{
    static const char longest[] = "sctp [2001:db8:1111:2222:3333:4444:5555:6666]:10000-10001="
                                  "[2001:db8:1111:2222:3333:4444:5555:6666]:10000-10001";
    struct table t;
    char buf[RULE_TEXT_MAX];
    struct text text;

    read_table(&t, longest);
    text_init(&text, buf, sizeof(buf));
    rule_format(&t.rule[0], &text);
    assert_false(text.cut);
    assert_string_equal(buf, longest);
}

/* The left sides of rules, and their normal form or an error. */
static const struct {
    const char *text, *outcome;
} ASKED[] = {
    {"http,443", "80,443"},
    {"20-21", "20-21"},
    {"udp/53, tcp domain", "udp 53,tcp 53"},
    {"127.0.0.1:25,[::1]:imaps,*:80", "127.0.0.1:25,[::1]:993,80"},
    {"", ""},
    {"80=8080", "'=8080' is left over: separate rules by a comma or a newline"},
    {"80,", "a rule is missing after the comma: remove the comma"},
    {"80 443", "'443' is left over: separate rules by a comma or a newline"},
};

TEST(asked_alone)
{
    for (size_t i = 0; i < COUNT(ASKED); i++) {
        struct source source = {
            .name = "test", .text = ASKED[i].text, .size = strlen(ASKED[i].text)};
        struct table t = {.count = 0};
        struct text out;
        struct diag d;
        char buf[DIAG_TEXT_MAX];

        text_init(&out, buf, sizeof(buf));
        if (table_parse_asked(&t, &source, &d))
            table_format_asked(&t, &out);
        else
            text_string(&out, d.message);
        assert_string_equal(buf, ASKED[i].outcome);
        for (size_t k = 0; k < t.count; k++) {
            assert_int_equal(t.rule[k].target, RULE_KEEP);
            assert_int_equal(t.rule[k].to_last, t.rule[k].last);
        }
    }
}

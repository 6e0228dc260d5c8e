#include "export/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/*
 * Who lives: "ASKED=PORT[@ADDRESS]", as tcp/0.0.0.0:80=5000; "!" in front: IPv6 alone. The later
 * is the newer.
 */
static size_t read_lives(const char *const *texts, struct redirect_live *lives)
{
    size_t count = 0;

    for (; *texts != NULL; texts++) {
        char asked[64];
        bool v6only = **texts == '!';
        snprintf(asked, sizeof(asked), "%s", *texts + v6only);
        char *equals = strchr(asked, '=');
        *equals = '\0';
        struct endpoint e = unit_endpoint(asked), actual = e;
        actual.port = (uint16_t)atoi(equals + 1);
        const char *at = strchr(equals + 1, '@');
        if (at != NULL)
            assert_true(addr_parse(&actual.addr, at + 1, strlen(at + 1)));
        lives[count] = (struct redirect_live){e, actual, v6only, count};
        count++;
    }
    return count;
}

/* The lines of a table, with "; " between them. */
static void lines_of(const char *rules, const char *const *alive, char *buf, size_t size)
{
    struct source source = {.name = "test", .text = rules, .size = strlen(rules)};
    static struct table t;
    struct redirect_live lives[8];
    struct redirect r;
    struct diag d;

    t.count = 0;
    if (!table_parse(&t, &source, &d))
        fail_msg("%s: %s", rules, d.message);
    assert_true(redirect_make(&r, &t, lives, read_lives(alive, lives)));
    memset(buf, 0, size);
    FILE *out = fmemopen(buf, size, "w");
    redirect_print(&r, out);
    fclose(out);
    redirect_free(&r);
    for (char *at = buf; (at = strchr(at, '\n')) != NULL; at++)
        *at = at[1] != '\0' ? ';' : '\0';
}

TEST(lines)
{
    static const struct {
        const char *rules;
        const char *alive[4];
        const char *lines;
    } cases[] = {
        {"80=8080", {0}, "* * * 80 80 * 8080"},
        {"1-1023=+8000", {0}, "* * * 1 1023 * 8001"},
        {"90-99=8090-8099,80-89=8080-8089", {0}, "* * * 80 99 * 8080"},
        {"tcp 80=8080", {0}, "tcp * * 80 80 * 8080"},
        {"udp 53=5353,53=5300", {0}, "tcp * * 53 53 * 5300;udp * * 53 53 * 5353"},
        {"sctp 80=8080", {0}, ""},
        {"0.0.0.0:80=8080", {0}, "* ipv4 * 80 80 * 8080"},
        {"[::]:80=8080", {0}, "* * * 80 80 * 8080"},
        {"[::]:80=8080,0.0.0.0:80=8081", {0}, "* ipv4 * 80 80 * 8081;* ipv6 * 80 80 * 8080"},
        /* the first rule that matches */
        {"80=keep,1-1023=+8000", {0}, "* * * 1 79 * 8001;* * * 81 1023 * 8081"},
        {"80=deny,80=8080", {0}, ""},
        {"80=8080,80=9090", {0}, "* * * 80 80 * 8080"},
        {"8080=8080", {0}, ""},
        {"79-80=+8000,80=8080", {0}, "* * * 79 80 * 8079"},
        /* one address */
        {"127.0.0.1:25=2525", {0}, "* ipv4 127.0.0.1 25 25 * 2525"},
        {"127.0.0.1:25=2525,25=2600", {0}, "* ipv4 127.0.0.1 25 25 * 2525;* * * 25 25 * 2600"},
        {"25=2600,127.0.0.1:25=2525", {0}, "* * * 25 25 * 2600"},
        {"[::1]:25=keep,25=2600", {0}, "* ipv6 ::1 25 25 - -;* * * 25 25 * 2600"},
        {"[::ffff:10.0.0.1]:25=2600", {0}, "* ipv4 10.0.0.1 25 25 * 2600"},
        {"0.0.0.0:80=8080,10.0.0.1:80=8081",
         {0},
         "* ipv4 10.0.0.1 80 80 * 8081;* ipv4 * 80 80 * 8080"},
        /* to another address */
        {"80=127.0.0.1:8080", {0}, "* ipv4 * 80 80 127.0.0.1 8080"},
        {"80=[::1]:8080", {0}, "* ipv6 * 80 80 ::1 8080"},
        {"80=*:8080", {0}, "* * * 80 80 * 8080"},
        {"80=0.0.0.0:8080", {0}, "* ipv4 * 80 80 * 8080"},
        {"80=[::]:8080", {0}, "* * * 80 80 * 8080"},
        /* what lives */
        {"80=auto", {0}, ""},
        {"80=auto", {"tcp/0.0.0.0:80=5000"}, "tcp ipv4 * 80 80 * 5000"},
        {"80=auto", {"tcp/[::]:80=5000"}, "tcp * * 80 80 * 5000"},
        {"80=auto", {"!tcp/[::]:80=5000"}, "tcp ipv6 * 80 80 * 5000"},
        {"80=auto", {"tcp/[::]:80=5000", "udp/[::]:80=5000"}, "* * * 80 80 * 5000"},
        {"80=auto", {"tcp/[::]:80=5000", "tcp/[::]:80=5001"}, "tcp * * 80 80 * 5001"},
        {"80=auto", {"tcp/127.0.0.1:80=5000"}, "tcp ipv4 127.0.0.1 80 80 * 5000"},
        {"[::]:80=auto", {"!tcp/[::]:80=5000"}, "tcp ipv6 * 80 80 * 5000"},
        {"80=auto", {"tcp/0.0.0.0:80=5000@127.0.0.1"}, ""},
        {"80=auto",
         {"tcp/[::ffff:127.0.0.1]:80=5000@127.0.0.1"},
         "tcp ipv4 127.0.0.1 80 80 * 5000"},
        {"80=127.0.0.1:8080-8089",
         {"tcp/0.0.0.0:80=8081@127.0.0.1"},
         "* ipv4 * 80 80 127.0.0.1 8081"},
        {"80=127.0.0.1:8080-8089", {"tcp/0.0.0.0:80=8081"}, "* ipv4 * 80 80 127.0.0.1 8080"},
        {"0.0.0.0:80=8080,80=9090,10.0.0.1:443=8443",
         {0},
         "* ipv4 10.0.0.1 443 443 * 8443;* ipv4 * 80 80 * 8080;* ipv6 * 80 80 * 9090"},
        {"80=auto", {"tcp/[::]:80=500"}, ""},
        {"80=auto", {"tcp/[::]:81=5000"}, ""},
        {"80=8080", {"tcp/[::]:80=5000"}, "* * * 80 80 * 8080"},
        {"1-1023=auto", {"tcp/[::]:80=5000", "tcp/[::]:81=5001"}, "tcp * * 80 81 * 5000"},
        {"80=8080-8089", {0}, "* * * 80 80 * 8080"},
        {"80=8080-8089", {"tcp/[::]:80=8085"}, "* * * 80 80 * 8085"},
        {"80=8080-8089", {"tcp/[::]:80=5000"}, "* * * 80 80 * 8080"},
    };
    char buf[1024];

    for (size_t i = 0; i < COUNT(cases); i++) {
        lines_of(cases[i].rules, cases[i].alive, buf, sizeof(buf));
        if (strcmp(buf, cases[i].lines) != 0)
            fail_msg("%s: expected %s, got %s", cases[i].rules, cases[i].lines, buf);
    }
}

static enum redirect_note note_of(const char *rules, size_t index)
{
    struct source source = {.name = "test", .text = rules, .size = strlen(rules)};
    static struct table t;
    struct redirect r;
    struct diag d;

    t.count = 0;
    assert_true(table_parse(&t, &source, &d));
    assert_true(redirect_make(&r, &t, NULL, 0));
    enum redirect_note note = r.note[index];
    redirect_free(&r);
    return note;
}

TEST(notes)
{
    assert_int_equal(note_of("80=8080", 0), REDIRECT_DONE);
    assert_int_equal(note_of("80=8080,22=keep", 1), REDIRECT_KEEP);
    assert_int_equal(note_of("22=deny", 0), REDIRECT_DENY);
    assert_int_equal(note_of("sctp 22=2222", 0), REDIRECT_SCTP);
    assert_int_equal(note_of("80=auto", 0), REDIRECT_NOBODY);
    assert_int_equal(note_of("80=8080,80=auto", 1), REDIRECT_DONE);
    assert_int_equal(note_of("80=8080-8089", 0), REDIRECT_FIRST);
    assert_int_equal(note_of("80=127.0.0.2:8080", 0), REDIRECT_LOOPBACK);
    assert_int_equal(note_of("80=[::1]:8080", 0), REDIRECT_LOOPBACK);
    assert_int_equal(note_of("80=81", 0), REDIRECT_PRIVILEGED);
    assert_int_equal(note_of("1024-1025=1023-1024", 0), REDIRECT_PRIVILEGED);
    assert_int_equal(note_of("2000=-976", 0), REDIRECT_DONE);
    assert_int_equal(note_of("2000=-977", 0), REDIRECT_PRIVILEGED);
    assert_int_equal(note_of("8080=80-90", 0), REDIRECT_PRIVILEGED);
}

TEST(takes)
{
    const char *rules = "10.0.0.1:80=keep,80=8080";
    struct source source = {.name = "test", .text = rules, .size = strlen(rules)};
    static struct table t;
    struct redirect r;
    struct diag d;
    struct endpoint taken = unit_endpoint("tcp/10.0.0.2:80"),
                    kept = unit_endpoint("tcp/10.0.0.1:80"),
                    other = unit_endpoint("tcp/10.0.0.2:81");

    assert_true(table_parse(&t, &source, &d));
    assert_true(redirect_make(&r, &t, NULL, 0));
    assert_true(redirect_takes(&r, &taken));
    assert_false(redirect_takes(&r, &kept));
    assert_false(redirect_takes(&r, &other));
    redirect_free(&r);
}

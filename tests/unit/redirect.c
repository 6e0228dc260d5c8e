#include "export/firewall.h"
#include "export/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/*
 * Running servers: "ASKED=PORT[@ADDRESS]", as tcp/0.0.0.0:80=5000; "!" in front: IPv6 alone. A
 * later one is newer.
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

static void print_addr(const struct addr *addr, FILE *out)
{
    char buf[FIREWALL_ADDR_MAX];

    fprintf(out, " %s", firewall_addr(addr, buf));
}

/* Prints "PROTO FAMILY HOST FIRST LAST TO TO-FIRST": "*" for any, "- -" for left alone. */
static void print_line(const struct redirect_line *line, FILE *out)
{
    static const char *const families[] = {
        [AF_UNSPEC] = "*", [AF_INET] = "ipv4", [AF_INET6] = "ipv6"};

    fprintf(out, "%s %s", proto_name(line->proto), families[line->family]);
    print_addr(&line->host, out);
    fprintf(out, " %u %u", line->first, line->last);
    if (line->is_alone) {
        fputs(" - -", out);
    } else {
        print_addr(&line->to, out);
        fprintf(out, " %u", line->to_first);
    }
}

/* The lines of a table, with ";" between them; as a proxy has them, if it is one. */
static void lines_of(const char *rules, const char *const *alive, bool is_proxy, char *buf,
                     size_t size)
{
    struct source source = {.name = "test", .text = rules, .size = strlen(rules)};
    static struct table t;
    struct redirect_live lives[8];
    struct redirect r;
    struct diag d;

    t.count = 0;
    if (!table_parse(&t, &source, &d))
        fail_msg("%s: %s", rules, d.message);
    assert_true(redirect_make(&r, &t, is_proxy, lives, read_lives(alive, lives)));
    if (is_proxy) {
        proxy_join(&r);
        assert_true(proxy_split(&r));
    }
    memset(buf, 0, size);
    FILE *out = fmemopen(buf, size, "w");
    for (size_t i = 0; i < r.count; i++) {
        fputs(i > 0 ? ";" : "", out);
        print_line(&r.line[i], out);
    }
    fclose(out);
    redirect_free(&r);
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
        {"90-99=8090-8099,80-89=8080-8089", {0}, "* * * 80 89 * 8080;* * * 90 99 * 8090"},
        {"tcp 80=8080,udp 80=8080", {0}, "tcp * * 80 80 * 8080;udp * * 80 80 * 8080"},
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
        {"127.0.0.1:25=2525,25=2525", {0}, "* ipv4 127.0.0.1 25 25 * 2525;* * * 25 25 * 2525"},
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
        /* running servers */
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
        lines_of(cases[i].rules, cases[i].alive, false, buf, sizeof(buf));
        if (strcmp(buf, cases[i].lines) != 0)
            fail_msg("%s: expected %s, got %s", cases[i].rules, cases[i].lines, buf);
    }
}

TEST(lines_of_proxies)
{
    static const struct {
        const char *rules;
        const char *alive[4];
        const char *lines;
    } cases[] = {
        {"78-81=+8000", {0}, "* * * 78 79 * 8078;* * * 80 80 * 8080;* * * 81 81 * 8081"},
        {"80=8080", {0}, "* * * 80 80 * 8080"},
        {"591=8080,8008=8081,8080=8082",
         {0},
         "* * * 591 591 * 8080;* * * 8008 8008 * 8081;* * * 8080 8080 * 8082"},
        {"65534-65535=65530-65531", {0}, "* * * 65534 65535 * 65530"},
        {"80=8080,udp 53=5353", {0}, "* * * 80 80 * 8080;udp * * 53 53 * 5353"},
        {"25=2525,0.0.0.0:26=2626", {0}, "* * * 25 25 * 2525;* ipv4 * 26 26 * 2626"},
        {"[::1]:25=keep,25=2600", {0}, "* * * 25 25 * 2600"},
        {"tcp 80=8080,udp 80=8080", {0}, "tcp * * 80 80 * 8080;udp * * 80 80 * 8080"},
        {"80=127.0.0.1:8080", {0}, "* * * 80 80 127.0.0.1 8080"},
        {"80=[::1]:8080", {0}, "* * * 80 80 ::1 8080"},
        {"[::]:25=keep,25=10.0.0.1:2525", {0}, "* ipv4 * 25 25 10.0.0.1 2525"},
        {"[::1]:25=127.0.0.1:2525", {0}, "* ipv6 ::1 25 25 127.0.0.1 2525"},
        {"21=auto,25=2525",
         {"tcp/0.0.0.0:21=5000", "udp/[::]:21=5001"},
         "tcp ipv4 * 21 21 * 5000;* * * 25 25 * 2525;udp * * 21 21 * 5001"},
    };
    char buf[1024];

    for (size_t i = 0; i < COUNT(cases); i++) {
        lines_of(cases[i].rules, cases[i].alive, true, buf, sizeof(buf));
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
    assert_true(redirect_make(&r, &t, false, NULL, 0));
    enum redirect_note note = r.note[index];
    redirect_free(&r);
    return note;
}

TEST(notes)
{
    assert_int_equal(note_of("80=8080", 0), REDIRECT_DONE);
    assert_int_equal(note_of("80=8080,22=keep", 1), REDIRECT_NO_PORT);
    assert_int_equal(note_of("22=deny", 0), REDIRECT_NO_PORT);
    assert_int_equal(note_of("22=drop", 0), REDIRECT_NO_PORT);
    assert_int_equal(note_of("22=systemd", 0), REDIRECT_NO_PORT);
    assert_int_equal(note_of("sctp 22=2222", 0), REDIRECT_SCTP);
    assert_int_equal(note_of("80=auto", 0), REDIRECT_NO_SERVER);
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
    assert_true(redirect_make(&r, &t, false, NULL, 0));
    assert_true(redirect_takes(&r, &taken));
    assert_false(redirect_takes(&r, &kept));
    assert_false(redirect_takes(&r, &other));
    redirect_free(&r);
}

/* ---- firewall rules ---- */

static void text_of(const struct format *format, const char *rules,
                    const struct format_options *options, char *buf, size_t size)
{
    struct source source = {.name = "test", .text = rules, .size = strlen(rules)};
    static struct table t;
    struct redirect r;
    struct diag d;

    t.count = 0;
    assert_true(table_parse(&t, &source, &d));
    assert_true(redirect_make(&r, &t, false, NULL, 0));
    memset(buf, 0, size);
    FILE *out = fmemopen(buf, size, "w");
    format->print(&(struct format_input){.table = &t, .redirect = &r, .options = options}, out);
    fclose(out);
    redirect_free(&r);
}

/* A rule of multiport takes 15 ports, and a range counts as two. */
TEST(many_ports)
{
    static const struct format_options hide = {.is_hidden = true};
    static const struct {
        const char *rules, *expected;
    } cases[] = {
        {"tcp 1=2001,tcp 3=2003,tcp 5-6=2005-2006,tcp 7=2003",
         "--dports 2001,2003,2005:2006 -j REJECT"},
        {"tcp 1=2001,tcp 3=2003,tcp 5=2005,tcp 7=2007,tcp 9=2009,tcp 11=2011,tcp 13=2013,"
         "tcp 15=2015,tcp 17=2017,tcp 19=2019,tcp 21=2021,tcp 23=2023,tcp 25=2025,tcp 27=2027,"
         "tcp 29-30=2029-2030",
         "2023,2025,2027 -j REJECT --reject-with tcp-reset\n"
         "-A REMAP-HIDE -p tcp --syn -m multiport --dports 2029:2030 -j REJECT"},
        {"tcp 1=2001,tcp 3=2003,tcp 5=2005,tcp 7=2007,tcp 9=2009,tcp 11=2011,tcp 13=2013,"
         "tcp 15=2015,tcp 17=2017,tcp 19=2019,tcp 21=2021,tcp 23=2023,tcp 25=2025,"
         "tcp 29-30=2029-2030",
         "2023,2025,2029:2030 -j REJECT --reject-with tcp-reset\nCOMMIT"},
    };
    char buf[8192];

    for (size_t i = 0; i < COUNT(cases); i++) {
        text_of(&iptables_format, cases[i].rules, &hide, buf, sizeof(buf));
        if (strstr(buf, cases[i].expected) == NULL)
            fail_msg("%s: no %s in %s", cases[i].rules, cases[i].expected, buf);
    }
}

/* The number by which remap-redirect knows a table, in a comment. */
static unsigned long mark_of(const struct format *format, const char *rules, bool is_local)
{
    const struct format_options options = {.is_local = is_local};
    char buf[8192];

    text_of(format, rules, &options, buf, sizeof(buf));
    const char *at = strstr(buf, "\"remap mark=");
    assert_non_null(at);
    return strtoul(at + strlen("\"remap mark="), NULL, 10);
}

TEST(marks)
{
    static const char *const others[] = {"80=8081",          "81=8080",         "tcp 80=8080",
                                         "80-81=8080-8081",  "0.0.0.0:80=8080", "10.0.0.1:80=8080",
                                         "80=10.0.0.1:8080", "80=8080,81=9000"};
    unsigned long mark = mark_of(&nft_format, "80=8080", false);

    assert_int_equal(mark, mark_of(&nft_format, "80=+8000", false));
    assert_int_equal(mark, mark_of(&nft_format, "80=8080", true));
    assert_int_equal(mark, mark_of(&iptables_format, "80=8080", false));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_int_not_equal(mark, mark_of(&nft_format, others[i], false));
}

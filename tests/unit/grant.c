#include "export/grant.h"

#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

static void read_table(struct table *t, const char *rules)
{
    struct source source = {.name = "test", .text = rules, .size = strlen(rules)};
    struct diag d;

    t->count = 0;
    if (!table_parse(t, &source, &d))
        fail_msg("%s: %s", rules, d.message);
}

TEST(ranges_by_protocol)
{
    /* The ranges, as "PROTO FIRST-LAST", with ";" between them. */
    static const struct {
        const char *rules, *ranges;
    } cases[] = {
        {"80=8080", "* 80-80"},
        {"80-90=+8000,91=9091", "* 80-91"},
        {"tcp/80=8080,udp/53=5353", "tcp 80-80;udp 53-53"},
        {"tcp/80=8080,udp/80=8081", "tcp 80-80;udp 80-80"},
        {"tcp/80=8080,udp/80=8081,sctp/80=8082", "* 80-80"},
        {"tcp/80=8080,79-81=+8000", "* 79-81"},
        {"sctp/7=7007", "sctp 7-7"},
        {"1000-1030=+8000", "* 1000-1023"},
        {"1024=8080", ""},
        {"1-1023=+8000", "* 1-1023"},
        {"80=keep,81=auto,82=8000-8100", "* 80-82"},
        {"85=deny,80-90=+8000", "* 80-84;* 86-90"},
        {"tcp/85=deny,84-86=+8000", "* 84-84;* 86-86;udp 85-85;sctp 85-85"},
        {"80-90=+8000,85=deny", "* 80-90"},
        {"80=deny", ""},
        /* On some address is enough, and a rule for one address denies it alone. */
        {"127.0.0.1:80=8080,80=deny", "* 80-80"},
        {"127.0.0.1:80=deny,80=8080", "* 80-80"},
        {"127.0.0.1:80=deny", ""},
        {"80=deny,127.0.0.1:80=8080", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct table t;
        struct grant g;
        struct grant_range range = {.proto = PROTO_ANY};
        char got[256] = "";
        read_table(&t, cases[i].rules);
        grant_make(&g, &t);
        while (grant_next(&g, &range)) {
            size_t used = strlen(got);
            snprintf(got + used, sizeof(got) - used, "%s%s %u-%u", used > 0 ? ";" : "",
                     proto_name(range.proto), range.first, range.last);
        }
        if (strcmp(got, cases[i].ranges) != 0)
            fail_msg("%s: %s, not %s", cases[i].rules, got, cases[i].ranges);
    }
}

TEST(notes)
{
    static const struct {
        const char *rule;
        enum grant_note note;
    } cases[] = {
        {"80=8080", GRANT_DONE},           {"80=auto", GRANT_DONE},
        {"80=keep", GRANT_DONE},           {"1023-1024=+1", GRANT_DONE},
        {"80=deny", GRANT_NO_SERVER},      {"8080=deny", GRANT_NO_SERVER},
        {"80=drop", GRANT_NO_SERVER},      {"8080=drop", GRANT_NO_SERVER},
        {"1024=8080", GRANT_UNPRIVILEGED}, {"80=127.0.0.1:8080", GRANT_ADDRESS},
        {"80=*:8080", GRANT_ADDRESS},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct table t;
        read_table(&t, cases[i].rule);
        if (grant_note(&t.rule[0]) != cases[i].note)
            fail_msg("%s: %d", cases[i].rule, (int)grant_note(&t.rule[0]));
    }
}

TEST(sockets)
{
    /* Which rules need a socket for port 80: their numbers. */
    static const struct {
        const char *rules, *tcp, *udp;
    } cases[] = {
        {"80=8080", "1", ""},
        {"tcp/80=8080", "1", ""},
        {"udp/80=8080", "", "1"},
        {"70-90=+8000", "1", ""},
        {"81=8081", "", ""},
        {"80=deny", "", ""},
        {"80=deny,80=8080", "", ""},
        {"80=8080,80=deny", "1", ""},
        {"80=8080,70-90=+8000", "1", ""},
        {"udp/80=8080,80=8081", "2", "1"},
        {"80=8081,udp/80=8080", "1", ""},
        {"127.0.0.1:80=8080", "1", ""},
        {"127.0.0.1:80=8080,[::1]:80=8080", "12", ""},
        {"127.0.0.1:80=8080,127.0.0.1:80=8081", "1", ""},
        /* A socket for every address has the others, too. */
        {"127.0.0.1:80=8080,80=8081", "2", ""},
        {"80=8081,127.0.0.1:80=8080", "1", ""},
        {"127.0.0.1:80=8080,80=deny", "1", ""},
        {"127.0.0.1:80=8080,80=deny,80=8081", "1", ""},
        {"127.0.0.1:80=deny,80=8080", "2", ""},
        {"127.0.0.1:80=deny,127.0.0.1:80=8080", "", ""},
        {"udp/127.0.0.1:80=8080,80=8081", "2", "1"},
        {"127.0.0.1:80=8080,0.0.0.0:80=8081", "2", ""},
        {"[::1]:80=8080,0.0.0.0:80=8081", "12", ""},
        {"0.0.0.0:80=8080,[::]:80=8080", "2", ""},
        {"[::]:80=8080,0.0.0.0:80=8080", "1", ""},
        {"0.0.0.0:80=8080,[::]:80=8080,80=8080", "3", ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        static struct table t;
        char tcp[16] = "", udp[16] = "";
        read_table(&t, cases[i].rules);
        for (size_t rule = 0; rule < t.count; rule++) {
            char number = (char)('1' + rule);
            if (grant_needs_socket(&t, rule, PROTO_TCP, 80))
                tcp[strlen(tcp)] = number;
            if (grant_needs_socket(&t, rule, PROTO_UDP, 80))
                udp[strlen(udp)] = number;
        }
        if (strcmp(tcp, cases[i].tcp) != 0 || strcmp(udp, cases[i].udp) != 0)
            fail_msg("%s: tcp %s, udp %s", cases[i].rules, tcp, udp);
    }
}

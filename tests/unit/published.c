/* Rules in the words of other programs that publish ports: ACTUAL:ASKED. */
#include <stdio.h>
#include <string.h>

#include "core/table.h"
#include "unit.h"

/* The normal form, or the column of the error and its message. */
static const struct {
    const char *text, *result;
} CASES[] = {
    {"8080:80", "80=8080"},
    {" 8080:80 ", "80=8080"},
    {"8080:http", "80=8080"},
    {"http-alt:80", "80=8080"},
    {"8053:53/udp", "udp 53=8053"},
    {"8080:80/tcp", "tcp 80=8080"},
    {"9899:99/sctp", "sctp 99=9899"},
    {"127.0.0.1:8080:80", "80=127.0.0.1:8080"},
    {"[::1]:8080:80/tcp", "tcp 80=[::1]:8080"},
    {"*:8080:80", "80=*:8080"},
    {"8000-8010:80-90", "80-90=8000-8010"},
    {"8080-8089:80", "80=8080-8089"},
    {"ftp-data:ftp", "21=20"},
    {"8080", "1: '8080' is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080"},
    {"", "1: '' is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080"},
    {"80=8080", "1: '80=8080' is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080"},
    {"[::1]", "1: '[::1]' is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080"},
    {"8080/tcp", "1: '8080/tcp' is not ACTUAL:ASKED: write both ports, as 8080:80 for -r 80=8080"},
    {":80", "1: a port is missing: use a number 1-65535 or an IANA name"},
    {"8080:", "6: a port is missing: use a number 1-65535 or an IANA name"},
    {"127.0.0.1::80", "11: a port is missing: use a number 1-65535 or an IANA name"},
    {"8080:70000", "6: port '70000' is out of range: use 1-65535"},
    {"0:80", "1: port '0' is out of range: use 1-65535"},
    {"8080:80/icmp", "9: unknown protocol 'icmp': use tcp, udp or sctp"},
    {"8080:80/", "9: unknown protocol '': use tcp, udp or sctp"},
    {"localhost:8080:80", "1: 'localhost' is not an address: use IPv4, [IPv6] or *"},
    {"::1:8080:80", "1: more than one colon: write an IPv6 address in brackets, as [::1]"},
    {"8000-8001:80-90", "1: 11 ports cannot become 2: make both ranges the same length"},
    {"8080:80,8443:443", "1: '8080' is not an address: use IPv4, [IPv6] or *"},
    {"+8000:80", "1: unknown port name '+8000': use a number 1-65535 or an IANA name"},
};

TEST(cases)
{
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct source source = {"-p", CASES[i].text, strlen(CASES[i].text), false};
        struct rule rule = {.first = 1};
        char got[DIAG_TEXT_MAX];
        struct text text;
        struct diag d;

        text_init(&text, got, sizeof(got));
        if (rule_parse_published(&rule, &source, &d))
            rule_format(&rule, &text);
        else
            snprintf(got, sizeof(got), "%u: %s", d.column, d.message);
        assert_string_equal(got, CASES[i].result);
    }
}

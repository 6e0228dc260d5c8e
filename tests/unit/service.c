#include "core/service.h"

#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "unit.h"

TEST(order)
{
    for (size_t i = 1; i < service_count; i++) {
        if (strcmp(service_table[i - 1].name, service_table[i].name) >= 0)
            fail_msg("%s is out of order", service_table[i].name);
    }
}

TEST(every_name_is_found)
{
    for (size_t i = 0; i < service_count; i++) {
        const struct service *s = &service_table[i];
        assert_int_equal(service_port(s->name, strlen(s->name)), s->port);
    }
}

TEST(lookup)
{
    assert_int_equal(service_port("http", 4), 80);
    assert_int_equal(service_port("HtTp", 4), 80);
    assert_int_equal(service_port("https", 4), 80);
    assert_int_equal(service_port("htt", 3), 0);
    assert_int_equal(service_port("", 0), 0);
    assert_int_equal(service_port("no-such-service-at-all", 22), 0);
    assert_int_equal(service_port("aaa", 3), 0);
    assert_int_equal(service_port("zzz", 3), 0);
}

/* The services that the README promises. */
TEST(promised)
{
    static const struct service promised[] = {
        {"ftp-data", 20}, {"ftp", 21},    {"ssh", 22},    {"telnet", 23},
        {"smtp", 25},     {"domain", 53}, {"http", 80},   {"pop3", 110},
        {"imap", 143},    {"https", 443}, {"imaps", 993}, {"pop3s", 995},
    };

    for (size_t i = 0; i < COUNT(promised); i++)
        assert_int_equal(service_port(promised[i].name, strlen(promised[i].name)),
                         promised[i].port);
}

/* Whether the system's own list has this name for some other port, and for this one nowhere. */
static bool contradicts(const struct service *s)
{
    static const char *const protocols[] = {"tcp", "udp", "sctp"};
    bool other = false;

    for (size_t i = 0; i < COUNT(protocols); i++) {
        const struct servent *found = getservbyname(s->name, protocols[i]);
        if (found != NULL && ntohs((uint16_t)found->s_port) == s->port)
            return false;
        other = other || found != NULL;
    }
    return other;
}

TEST(agrees_with_the_system)
{
    if (getservbyname("http", "tcp") == NULL)
        fail_msg("no /etc/services: run scripts/setup test");
    for (size_t i = 0; i < service_count; i++) {
        if (contradicts(&service_table[i]))
            fail_msg("/etc/services has another port for %s", service_table[i].name);
    }
}

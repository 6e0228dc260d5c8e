#include "core/endpoint.h"

#include <arpa/inet.h>
#include <string.h>

#include "unit.h"

static struct sockaddr_in v4(const char *addr, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, addr, &in.sin_addr), 1);
    return in;
}

static struct sockaddr_in6 v6(const char *addr, uint16_t port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET6, addr, &in6.sin6_addr), 1);
    return in6;
}

static bool reads_as(const void *sa, socklen_t len, const char *text)
{
    struct endpoint e;
    char buf[80];
    struct text out;

    if (!endpoint_from_sockaddr(&e, sa, len))
        return false;
    text_init(&out, buf, sizeof(buf));
    endpoint_format(&e, &out);
    return strcmp(buf, text) == 0;
}

static struct addr addr_of(const char *text)
{
    struct addr a = {.family = AF_UNSPEC};
    assert_true(addr_parse(&a, text, strlen(text)));
    return a;
}

TEST(mapped_and_back)
{
    struct addr v4 = addr_of("192.0.2.1"), v6 = addr_of("2001:db8::1");
    struct addr mapped = addr_mapped(&v4), expected = addr_of("::ffff:192.0.2.1");

    assert_true(addr_equal(&mapped, &expected));
    struct addr back = addr_unmapped(&mapped);
    assert_true(addr_equal(&back, &v4));
    mapped = addr_mapped(&v6);
    assert_true(addr_equal(&mapped, &v6));
}

TEST(loopback)
{
    static const struct {
        const char *text;
        bool is;
    } ADDRS[] = {
        {"127.0.0.1", true},         {"127.255.255.255", true}, {"::1", true}, {"126.0.0.1", false},
        {"128.0.0.1", false},        {"0.0.0.0", false},        {"::", false}, {"::2", false},
        {"::ffff:127.0.0.1", false},
    };

    for (size_t i = 0; i < COUNT(ADDRS); i++) {
        struct addr a = addr_of(ADDRS[i].text);
        assert_int_equal(addr_is_loopback(&a), ADDRS[i].is);
    }
}

TEST(port_of_a_sockaddr)
{
    struct sockaddr_in in = v4("127.0.0.1", 80);
    struct sockaddr_in6 in6 = v6("::1", 443);
    struct sockaddr local = {.sa_family = AF_UNIX};

    assert_int_equal(endpoint_port((struct sockaddr *)&in, sizeof(in)), 80);
    assert_int_equal(endpoint_port((struct sockaddr *)&in6, sizeof(in6)), 443);
    assert_int_equal(endpoint_port((struct sockaddr *)&in, sizeof(in) - 1), 0);
    assert_int_equal(endpoint_port(&local, sizeof(local)), 0);
}

TEST(reads_what_bind_reads)
{
    struct sockaddr_in in = v4("127.0.0.1", 80);
    struct sockaddr_in6 in6 = v6("::1", 443);
    struct sockaddr_storage big = {.ss_family = AF_UNSPEC};

    assert_true(reads_as(&in, sizeof(in), "127.0.0.1:80"));
    assert_true(reads_as(&in6, sizeof(in6), "[::1]:443"));
    assert_true(reads_as(&in6, 24, "[::1]:443"));
    memcpy(&big, &in, sizeof(in));
    assert_true(reads_as(&big, sizeof(big), "127.0.0.1:80"));
}

TEST(leaves_the_rest)
{
    struct sockaddr_in in = v4("127.0.0.1", 80);
    struct sockaddr_in6 in6 = v6("::1", 443);
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct endpoint e, before;

    memset(&before, 0x5a, sizeof(before));
    e = before;
    assert_false(endpoint_from_sockaddr(&e, NULL, 16));
    assert_false(endpoint_from_sockaddr(&e, (void *)&in, 0));
    assert_false(endpoint_from_sockaddr(&e, (void *)&in, 1));
    assert_false(endpoint_from_sockaddr(&e, (void *)&in, 15));
    assert_false(endpoint_from_sockaddr(&e, (void *)&in, 129));
    assert_false(endpoint_from_sockaddr(&e, (void *)&in, (socklen_t)-1));
    assert_false(endpoint_from_sockaddr(&e, (void *)&in6, 23));
    assert_false(endpoint_from_sockaddr(&e, &local, sizeof(local)));
    assert_memory_equal(&e, &before, sizeof(e));
}

TEST(unspec_is_v4_for_the_wildcard_alone)
{
    struct sockaddr_in in = v4("0.0.0.0", 80);

    in.sin_family = AF_UNSPEC;
    assert_true(reads_as(&in, sizeof(in), "0.0.0.0:80"));
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_false(reads_as(&in, sizeof(in), "127.0.0.1:80"));
}

TEST(unaligned)
{
    struct sockaddr_in in = v4("127.0.0.1", 443);
    struct sockaddr_in6 in6 = v6("::1", 443);
    struct addr loopback = addr_of("127.0.0.2"), none = {.family = AF_UNSPEC};
    char bytes[sizeof(in6) + 1];
    struct sockaddr *odd = (void *)(bytes + 1);

    memcpy(odd, &in6, sizeof(in6));
    assert_true(reads_as(odd, sizeof(in6), "[::1]:443"));
    assert_true(endpoint_to_sockaddr(&none, 80, odd));
    assert_true(reads_as(odd, sizeof(in6), "[::1]:80"));
    assert_true(endpoint_to_sockaddr(&loopback, 80, odd));
    assert_true(reads_as(odd, sizeof(in6), "[::ffff:127.0.0.2]:80"));
    memcpy(odd, &in, sizeof(in));
    assert_int_equal(endpoint_port(odd, sizeof(in)), 443);
    assert_true(endpoint_to_sockaddr(&loopback, 80, odd));
    assert_true(reads_as(odd, sizeof(in), "127.0.0.2:80"));
    endpoint_set_port(odd, 81);
    assert_true(reads_as(odd, sizeof(in), "127.0.0.2:81"));
}

TEST(writes_port_alone)
{
    const struct addr none = {.family = AF_UNSPEC};
    struct sockaddr_in in = v4("127.0.0.1", 80);
    struct sockaddr_in6 in6 = v6("fe80::1", 80);

    in6.sin6_scope_id = 7;
    in6.sin6_flowinfo = 9;
    assert_true(endpoint_to_sockaddr(&none, 8080, (struct sockaddr *)&in));
    assert_true(reads_as(&in, sizeof(in), "127.0.0.1:8080"));
    assert_true(endpoint_to_sockaddr(&none, 8080, (struct sockaddr *)&in6));
    assert_true(reads_as(&in6, sizeof(in6), "[fe80::1]:8080"));
    assert_int_equal(in6.sin6_scope_id, 7);
    assert_int_equal(in6.sin6_flowinfo, 9);
}

TEST(writes_addresses)
{
    struct addr loopback, loopback6;
    struct sockaddr_in in = v4("0.0.0.0", 80), before = in;
    struct sockaddr_in6 in6 = v6("::", 80);

    assert_true(addr_parse(&loopback, "127.0.0.1", 9));
    assert_true(addr_parse(&loopback6, "::1", 3));
    assert_false(endpoint_to_sockaddr(&loopback6, 8080, (struct sockaddr *)&in));
    assert_memory_equal(&in, &before, sizeof(in));
    assert_true(endpoint_to_sockaddr(&loopback, 8080, (struct sockaddr *)&in));
    assert_true(reads_as(&in, sizeof(in), "127.0.0.1:8080"));
    assert_true(endpoint_to_sockaddr(&loopback, 8080, (struct sockaddr *)&in6));
    assert_true(reads_as(&in6, sizeof(in6), "[::ffff:127.0.0.1]:8080"));
    assert_true(endpoint_to_sockaddr(&loopback6, 8080, (struct sockaddr *)&in6));
    assert_true(reads_as(&in6, sizeof(in6), "[::1]:8080"));
}

TEST(protocols)
{
    assert_int_equal(proto_from_ip(IPPROTO_TCP), PROTO_TCP);
    assert_int_equal(proto_from_ip(262), PROTO_TCP); /* MPTCP */
    assert_int_equal(proto_from_ip(IPPROTO_UDP), PROTO_UDP);
    assert_int_equal(proto_from_ip(IPPROTO_SCTP), PROTO_SCTP);
    assert_int_equal(proto_from_ip(IPPROTO_ICMP), PROTO_PORTLESS);
    assert_int_equal(proto_from_ip(0), PROTO_PORTLESS);
    assert_int_equal(proto_from_ip(-1), PROTO_PORTLESS);
}

/*
 * Our text of an address against that of libc, which is right too but may not run in a
 * signal handler.
 */
TEST(format_agrees_with_libc)
{
    static const char *const addrs[] = {
        "::",
        "::1",
        "1::",
        "2001:db8::1:0:0:1",
        "1:2:3:4:5:6:7:8",
        "0:1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:0",
        "1:0:0:2:0:0:0:3",
        "1:0:2:0:3:0:4:0",
        "::ffff:1.2.3.4",
        "fe80::1:2:3",
        "64:ff9b::102:304",
    };

    for (size_t i = 0; i < COUNT(addrs); i++) {
        struct addr a;
        char ours[80], libc[INET6_ADDRSTRLEN], bracketed[INET6_ADDRSTRLEN + 2];
        struct text out;

        assert_true(addr_parse(&a, addrs[i], strlen(addrs[i])));
        text_init(&out, ours, sizeof(ours));
        addr_format(&a, &out);
        assert_non_null(inet_ntop(AF_INET6, a.bytes, libc, sizeof(libc)));
        text_init(&out, bracketed, sizeof(bracketed));
        text_char(&out, '[');
        text_string(&out, libc);
        text_char(&out, ']');
        assert_string_equal(ours, bracketed);
    }
}

TEST(overlap)
{
    static const struct {
        const char *a, *b;
        bool overlap;
    } pairs[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"0.0.0.0", "127.0.0.2", true},
        {"::", "127.0.0.1", true},
        {"::1", "127.0.0.1", false},
        {"::1", "0.0.0.0", false},
        {"::", "0.0.0.0", true},
        {"::ffff:0.0.0.0", "1.2.3.4", true},
        {"::ffff:127.0.0.1", "127.0.0.1", true},
    };

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct addr a, b;
        assert_true(addr_parse(&a, pairs[i].a, strlen(pairs[i].a)));
        assert_true(addr_parse(&b, pairs[i].b, strlen(pairs[i].b)));
        assert_int_equal(addr_overlap(&a, &b), pairs[i].overlap);
        assert_int_equal(addr_overlap(&b, &a), pairs[i].overlap);
    }
}

#include <stdio.h>
#include <unistd.h>

#include "unit_registry.h"

TEST(empty, IN_MEMORY)
{
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 0);
    assert_false(registry_has_port(*state, NETNS, 8080));
}

TEST(all_fields_come_back, IN_MEMORY)
{
    struct registry_entry in = {.asked = unit_endpoint("udp/[::1]:53"),
                                .actual = unit_endpoint("udp/[::2]:5353"),
                                .netns = NETNS,
                                .pid = 4194304,
                                .program = "a server",
                                .inode = {1U << 31, 7},
                                .v6only = true,
                                .engine = ENGINE_NOTIFY};
    struct registry_entry out;

    struct registry_walk walk = {.step = 0};

    assert_int_equal(registry_put(*state, &in), REGISTRY_PUT);
    assert_true(registry_next_asked(*state, NETNS, 53, &walk, &out));
    assert_int_equal(out.asked.port, 53);
    assert_int_equal(out.asked.proto, PROTO_UDP);
    assert_true(addr_equal(&out.asked.addr, &in.asked.addr));
    assert_int_equal(out.actual.port, 5353);
    assert_true(addr_equal(&out.actual.addr, &in.actual.addr));
    assert_int_equal(out.pid, in.pid);
    assert_memory_equal(out.inode, in.inode, sizeof(out.inode));
    assert_int_equal(out.uid, geteuid());
    assert_int_equal(out.engine, ENGINE_NOTIFY);
    assert_true(out.v6only);
    assert_true(out.since >= 1764000000 && out.since <= UINT32_MAX);
    assert_string_equal(out.program, "a server");
}

TEST(exact_before_wildcard, IN_MEMORY)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 81);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 80);
}

TEST(keeps_apart, IN_MEMORY)
{
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 0);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/[::1]:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8081"), 0);
    assert_true(registry_has_port(*state, NETNS, 8080));
    assert_false(registry_has_port(*state, NETNS, 8081));
}

static bool by_asked(const struct registry *r, const char *asked, bool v6only, uint16_t *actual)
{
    struct registry_entry wanted = {.asked = unit_endpoint(asked),
                                    .netns = NETNS,
                                    .v6only = v6only},
                          e;
    bool in_way = false;

    *actual = registry_by_asked(r, &wanted, &e, &in_way) ? e.actual.port : 0;
    return in_way;
}

TEST(by_asked, IN_MEMORY)
{
    uint16_t actual;

    assert_false(by_asked(*state, "tcp/0.0.0.0:80", false, &actual));
    assert_int_equal(actual, 0);
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:9000");
    put(*state, "udp/0.0.0.0:80", "udp/0.0.0.0:9001");
    assert_true(by_asked(*state, "tcp/127.0.0.1:80", false, &actual));
    assert_int_equal(actual, 9000); /* what is in the way, though it is older */
    assert_true(by_asked(*state, "udp/127.0.0.1:80", false, &actual));
    assert_int_equal(actual, 9001);
    assert_false(by_asked(*state, "sctp/127.0.0.1:80", false, &actual));
    assert_int_equal(actual, 9001); /* the newest */
    assert_true(by_asked(*state, "tcp/[::]:80", false, &actual));
    assert_false(by_asked(*state, "tcp/[::]:80", true, &actual));
    assert_false(by_asked(*state, "tcp/0.0.0.0:81", false, &actual));
    assert_int_equal(actual, 0);
}

TEST(in_way, IN_MEMORY)
{
    struct endpoint wanted = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e;

    put(*state, "udp/[::]:80", "udp/[::]:8080");
    put(*state, "tcp/[::1]:80", "tcp/[::1]:8081");
    assert_false(registry_in_way(*state, NETNS, &wanted, &e));
    put(*state, "tcp/[::]:80", "tcp/[::]:8080");
    assert_true(registry_in_way(*state, NETNS, &wanted, &e));
    assert_int_equal(e.asked.port, 80);
    assert_int_equal(e.asked.addr.family, AF_INET6);
    wanted = unit_endpoint("tcp/127.0.0.1:8081");
    assert_false(registry_in_way(*state, NETNS, &wanted, &e));
}

TEST(many_binds_do_not_fill_it, IN_MEMORY)
{
    char asked[32], actual[32];

    for (unsigned i = 0; i < 100000; i++) {
        snprintf(asked, sizeof(asked), "tcp/0.0.0.0:%u", 1 + i % 1023);
        snprintf(actual, sizeof(actual), "tcp/0.0.0.0:%u", 8001 + i % 1023);
        assert_true(put(*state, asked, actual));
    }
    for (unsigned i = 1; i <= 1023; i++) {
        snprintf(actual, sizeof(actual), "tcp/127.0.0.1:%u", 8000 + i);
        assert_int_equal(asked_port(*state, actual), i);
    }
}

/* The kernel cannot be asked about another namespace: there the newest records are kept. */
TEST(newest_are_kept_when_it_is_full, IN_MEMORY)
{
    struct registry_entry e = {.netns = NETNS, .pid = (uint32_t)getpid()};
    char text[32];

    for (unsigned i = 1; i <= 1000; i++) {
        snprintf(text, sizeof(text), "tcp/127.0.%u.%u:80", i / 200, 1 + i % 200);
        e.asked = unit_endpoint(text);
        snprintf(text, sizeof(text), "tcp/127.0.%u.%u:8080", i / 200, 1 + i % 200);
        e.actual = unit_endpoint(text);
        assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
        assert_int_equal(asked_port(*state, text), 80);
        if (i == 201)
            assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 80);
    }
}

/* A sockaddr of a program need not be aligned. */
static uint16_t quick(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct sockaddr_storage sa = {.ss_family = wanted.addr.family};
    char bytes[sizeof(sa) + 1];

    assert_true(endpoint_to_sockaddr(&wanted.addr, wanted.port, (struct sockaddr *)&sa));
    memcpy(bytes + 1, &sa, sizeof(sa));
    return registry_quick_port(r, NETNS, (void *)(bytes + 1));
}

TEST(quick_port, IN_MEMORY)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_true(registry_may_have(*state, 8080));
    assert_false(registry_may_have(*state, 8081));
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 80);
    assert_int_equal(quick(*state, "0.0.0.0:8080"), 80);
    assert_int_equal(quick(*state, "[::1]:8080"), 0);
    assert_int_equal(quick(*state, "127.0.0.1:8081"), 0);
    put(*state, "tcp/127.0.0.1:90", "tcp/127.0.0.2:9090");
    assert_int_equal(quick(*state, "127.0.0.2:9090"), 0); /* the address changes too */
    put(*state, "tcp/127.0.0.1:91", "tcp/127.0.0.1:9091");
    assert_int_equal(quick(*state, "127.0.0.1:9091"), 91);
    assert_int_equal(quick(*state, "127.0.0.2:9091"), 0);
    put(*state, "udp/0.0.0.0:80", "udp/0.0.0.0:8080");
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 80); /* the same for both protocols */
    put(*state, "udp/127.0.0.1:8080", "udp/127.0.0.1:8080");
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 0); /* the protocol decides */
}

static enum registry_answer answer(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, NETNS, &wanted, &e);
}

TEST(protocols_are_apart, IN_MEMORY)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "127.0.0.1:8080"), 80);
    put(*state, "udp/0.0.0.0:8080", "udp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 8080);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(answer(*state, "127.0.0.1:8080"), REGISTRY_NEEDS_PROTO);
    /* Of an address and the wildcard, each for another asked address. */
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.9:9090");
    put(*state, "udp/127.0.0.2:80", "udp/0.0.0.0:9090");
    assert_int_equal(answer(*state, "127.0.0.9:9090"), REGISTRY_NEEDS_PROTO);
    assert_int_equal(answer(*state, "tcp/127.0.0.9:9090"), REGISTRY_KNOWN);
}

/* Sockets that are only counted may have the port: the kernel must be asked. */
TEST(counted_sockets_need_the_protocol, IN_MEMORY)
{
    assert_false(registry_count_passed(*state, 8080));
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_int_equal(answer(*state, "127.0.0.1:8080"), REGISTRY_NEEDS_PROTO);
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_true(registry_count_passed(*state, 8080));
    assert_false(registry_has_passed(*state, 8081));
    for (unsigned i = 0; i <= UINT16_MAX; i++) {
        registry_count_passed(*state, 8081);
        assert_true(registry_has_passed(*state, 8081));
    }
}

/* ---- from the asked port on ---- */

static unsigned count_asked(const struct registry *r, uint16_t port)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;
    unsigned count = 0;

    while (registry_next_asked(r, NETNS, port, &walk, &e)) {
        assert_int_equal(e.asked.port, port);
        count++;
    }
    return count;
}

TEST(next_asked, IN_MEMORY)
{
    char actual[32];

    assert_false(registry_has_asked(*state, NETNS, 80));
    assert_int_equal(count_asked(*state, 80), 0);
    for (unsigned i = 1; i <= 20; i++) {
        snprintf(actual, sizeof(actual), "tcp/0.0.0.0:%u", 9000 + i);
        put(*state, "tcp/0.0.0.0:80", actual);
        assert_true(registry_has_asked(*state, NETNS, 80));
        assert_int_equal(count_asked(*state, 80), i);
    }
    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:9500");
    put(*state, "tcp/127.0.0.2:81", "tcp/127.0.0.2:9500");
    assert_int_equal(count_asked(*state, 81), 2);
    assert_int_equal(count_asked(*state, 82), 0);
}

/* The registry, where the protocol of a bind is not known, and where two binds share a port. */
#include "unit_registry.h"

static void put_entry(struct registry *r, const char *asked, const char *actual,
                      enum registry_put expected)
{
    struct registry_entry e = {
        .asked = unit_endpoint(asked), .actual = unit_endpoint(actual), .netns = NETNS, .pid = 1};
    assert_int_equal(registry_put(r, &e), expected);
}

static enum registry_answer answer(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, NETNS, &wanted, &e);
}

TEST(any_protocol_is_good_for_all, IN_MEMORY)
{
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "127.0.0.1:8080"), 80);
}

/* Once the high port is used by another protocol, the two are told apart, in whatever order. */
TEST(contested_ports_need_the_protocol, IN_MEMORY)
{
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT);
    put_entry(*state, "0.0.0.0:8080", "0.0.0.0:8080", REGISTRY_PUT_NEEDS_PROTO);
    put_entry(*state, "udp/0.0.0.0:8080", "udp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 8080);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(answer(*state, "127.0.0.1:8080"), REGISTRY_NEEDS_PROTO);
    /* The other way round: the socket that may be of any protocol was not of TCP. */
    put_entry(*state, "0.0.0.0:81", "0.0.0.0:8081", REGISTRY_PUT);
    put_entry(*state, "tcp/0.0.0.0:8081", "tcp/0.0.0.0:8081", REGISTRY_PUT);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8081"), 8081);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8081"), 81);
}

TEST(own_ports_contest_later_ones, IN_MEMORY)
{
    assert_false(registry_note_own(*state, NETNS, 8080));
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT_NEEDS_PROTO);
    put_entry(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(answer(*state, "127.0.0.1:8080"), REGISTRY_NEEDS_PROTO);
    assert_int_equal(answer(*state, "udp/127.0.0.1:8080"), REGISTRY_UNKNOWN);
    assert_true(registry_note_own(*state, NETNS, 8080));
    registry_note_own(*state, NETNS + 1, 8081);
    put_entry(*state, "0.0.0.0:81", "0.0.0.0:8081", REGISTRY_PUT);
}

/* One endpoint for two asked addresses: which it is depends on the protocol. */
TEST(joined_addresses_are_contested, IN_MEMORY)
{
    put_entry(*state, "127.0.0.1:80", "127.0.0.9:8080", REGISTRY_PUT);
    put_entry(*state, "127.0.0.2:80", "127.0.0.9:8080", REGISTRY_PUT_NEEDS_PROTO);
}

/* What asks for two addresses, and has two, contests nothing; nor does the same once more. */
TEST(addresses_that_are_kept_apart_are_not, IN_MEMORY)
{
    struct registry_entry e = {.asked = unit_endpoint("127.0.0.1:80"),
                               .actual = unit_endpoint("127.0.0.1:8080"),
                               .netns = NETNS,
                               .pid = 2};

    put_entry(*state, "127.0.0.1:80", "127.0.0.1:8080", REGISTRY_PUT);
    put_entry(*state, "127.0.0.2:80", "127.0.0.2:8080", REGISTRY_PUT);
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
}

/* Of an address and the wildcard, each for another asked address: the protocol tells which. */
TEST(other_addresses_need_the_protocol, IN_MEMORY)
{
    put_entry(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.9:8080", REGISTRY_PUT);
    put_entry(*state, "udp/127.0.0.2:80", "udp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(answer(*state, "127.0.0.9:8080"), REGISTRY_NEEDS_PROTO);
    assert_int_equal(answer(*state, "tcp/127.0.0.9:8080"), REGISTRY_KNOWN);
}

/* A bind of one protocol shows that an entry for any protocol is of the other. */
TEST(any_protocol_is_narrowed_down, IN_MEMORY)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;

    put_entry(*state, "127.0.0.1:80", "127.0.0.1:8080", REGISTRY_PUT);
    put_entry(*state, "udp/127.0.0.1:8080", "udp/127.0.0.1:8080", REGISTRY_PUT);
    assert_true(registry_next_asked(*state, NETNS, 80, &walk, &e));
    assert_int_equal(e.actual.proto, PROTO_TCP);
}

static uint16_t quick(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct sockaddr_storage sa = {.ss_family = wanted.addr.family};

    assert_true(endpoint_to_sockaddr(&wanted.addr, wanted.port, (struct sockaddr *)&sa));
    return registry_quick_port(r, NETNS, (struct sockaddr *)&sa);
}

TEST(quick_port, IN_MEMORY)
{
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT);
    assert_true(registry_may_have(*state, NETNS, 8080));
    assert_false(registry_may_have(*state, NETNS, 8081));
    assert_false(registry_may_have(*state, NETNS, 0));
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 80);
    assert_int_equal(quick(*state, "0.0.0.0:8080"), 80);
    assert_int_equal(quick(*state, "[::1]:8080"), 0);
    assert_int_equal(quick(*state, "127.0.0.1:8081"), 0);
    put_entry(*state, "127.0.0.1:90", "127.0.0.2:9090", REGISTRY_PUT);
    assert_int_equal(quick(*state, "127.0.0.2:9090"), 0); /* the address changes too */
    put_entry(*state, "127.0.0.1:91", "127.0.0.1:9091", REGISTRY_PUT);
    assert_int_equal(quick(*state, "127.0.0.1:9091"), 91);
    assert_int_equal(quick(*state, "127.0.0.2:9091"), 0);
    put_entry(*state, "udp/0.0.0.0:8080", "udp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 0); /* it takes more to know */
}

/* What a new entry of the registry replaces, takes over, or leaves alone. */
#include "unit_registry.h"

TEST(newer_bind_replaces_older, IN_MEMORY)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    put(*state, "tcp/0.0.0.0:8080", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 8080);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 8080);
    put(*state, "tcp/0.0.0.0:81", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 81);
}

/* With SO_REUSEADDR, UDP sockets of one port live side by side. */
TEST(same_asked_port_lives_on, IN_MEMORY)
{
    put(*state, "udp/127.0.0.1:53", "udp/127.0.0.1:5353");
    put(*state, "udp/0.0.0.0:53", "udp/0.0.0.0:5353");
    struct endpoint exact = unit_endpoint("udp/127.0.0.1:5353");
    struct registry_entry e;
    assert_int_equal(registry_by_actual(*state, NETNS, &exact, &e), REGISTRY_KNOWN);
    assert_true(addr_equal(&e.actual.addr, &exact.addr)); /* itself, not the wildcard's */
    assert_int_equal(e.asked.port, 53);
    assert_int_equal(asked_port(*state, "udp/127.0.0.2:5353"), 53);
}

/* What the latest entry for an actual endpoint says, all of it. */
static struct registry_entry entry_of(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_walk walk = {.step = 0};
    struct registry_entry e = {.pid = 0}, next;

    while (registry_next(r, &walk, &next)) {
        if (next.netns == NETNS && next.actual.proto == wanted.proto &&
            next.actual.port == wanted.port && addr_equal(&next.actual.addr, &wanted.addr))
            e = next;
    }
    assert_int_not_equal(e.pid, 0);
    return e;
}

/* Puts an entry that differs from an earlier one as the caller wants. */
static void put_as(struct registry *r, const char *asked, const char *actual, uint32_t pid,
                   uint32_t inode)
{
    struct registry_entry e = {.asked = unit_endpoint(asked),
                               .actual = unit_endpoint(actual),
                               .netns = NETNS,
                               .pid = pid,
                               .inode = {inode}};
    assert_int_equal(registry_put(r, &e), REGISTRY_PUT);
}

/* A UDP socket on the wildcard does not show that one on an address is gone. */
TEST(wildcard_of_udp_replaces_nothing, IN_MEMORY)
{
    put(*state, "udp/127.0.0.1:53", "udp/127.0.0.1:5353");
    put(*state, "udp/0.0.0.0:54", "udp/0.0.0.0:5353");
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:5353"), 53);
    assert_int_equal(asked_port(*state, "udp/127.0.0.2:5353"), 54);
    /* One on that very address does. */
    put(*state, "udp/127.0.0.1:55", "udp/127.0.0.1:5353");
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:5353"), 55);
}

/* The wildcards of both families have the same bytes. */
TEST(families_are_apart, IN_MEMORY)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    put(*state, "tcp/[::]:81", "tcp/[::]:8080");
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
    assert_int_equal(asked_port(*state, "tcp/[::]:8080"), 81);
}

TEST(addresses_are_apart, IN_MEMORY)
{
    put_as(*state, "tcp/0.0.0.0:80", "tcp/127.0.0.1:8080", 1, 0);
    put_as(*state, "tcp/0.0.0.0:80", "tcp/127.0.0.2:8080", 1, 0);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 80);
}

/* An entry that says something else is written, however little that is. */
TEST(what_differs_is_written, IN_MEMORY)
{
    struct registry_entry e = {.asked = unit_endpoint("tcp/[::1]:80"),
                               .actual = unit_endpoint("tcp/[::9]:8080"),
                               .netns = NETNS,
                               .pid = 1,
                               .program = "first"};

    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    struct registry_entry got;
    /* The third has the flags of the second, which shared the endpoint with the first. */
    for (uint8_t i = 2; i < 5; i++) {
        e.asked.addr.bytes[15] = i;
        assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
        got = entry_of(*state, "tcp/[::9]:8080");
        assert_true(addr_equal(&got.asked.addr, &e.asked.addr));
    }
    e.v6only = true;
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    assert_true(entry_of(*state, "tcp/[::9]:8080").v6only);
    e.pid = 2;
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    assert_int_equal(entry_of(*state, "tcp/[::9]:8080").pid, 2);
    /* Where two ports are asked for in turn, each is known when it is the latest. */
    for (uint16_t port = 81; port < 85; port++) {
        e.asked.port = port;
        assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
        assert_int_equal(asked_port(*state, "tcp/[::9]:8080"), port);
    }
}

/* A second socket for the same endpoint, and one for another, which has the same actual endpoint. */
TEST(sockets_are_taken_over, IN_MEMORY)
{
    const char *actual = "tcp/127.0.0.9:8080";

    put_as(*state, "tcp/127.0.0.1:80", actual, 1, 7);
    put_as(*state, "tcp/127.0.0.1:80", actual, 1, 8);
    struct registry_entry e = entry_of(*state, actual);
    assert_true(registry_knows_socket(&e, 7));
    assert_true(registry_knows_socket(&e, 8));
    /* A child binds the same again: nothing is lost. */
    put_as(*state, "tcp/127.0.0.1:80", actual, 2, 0);
    e = entry_of(*state, actual);
    assert_int_equal(e.pid, 2);
    assert_true(registry_knows_socket(&e, 7));
    /* Another asked address. */
    put_as(*state, "tcp/127.0.0.2:80", actual, 2, 9);
    e = entry_of(*state, actual);
    assert_false(registry_knows_socket(&e, 7));
    assert_true(registry_knows_socket(&e, 9));
    /* Another asked port. */
    put_as(*state, "tcp/127.0.0.2:81", actual, 2, 10);
    e = entry_of(*state, actual);
    assert_false(registry_knows_socket(&e, 9));
    assert_true(registry_knows_socket(&e, 10));
}

TEST(inodes, IN_MEMORY)
{
    struct endpoint actual = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e = {.asked = unit_endpoint("tcp/0.0.0.0:80"),
                               .actual = unit_endpoint("tcp/0.0.0.0:8080"),
                               .netns = NETNS,
                               .pid = 1};

    assert_false(registry_add_inode(*state, NETNS, &actual, 1));
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    for (uint32_t inode = 1; inode < REGISTRY_INODES; inode++) {
        uint32_t changes = registry_changes(*state);
        assert_true(registry_add_inode(*state, NETNS, &actual, inode));
        assert_int_not_equal(registry_changes(*state), changes);
    }
    uint32_t changes = registry_changes(*state);
    assert_true(registry_add_inode(*state, NETNS, &actual, 5));
    assert_int_equal(registry_changes(*state), changes);
    e = entry_of(*state, "tcp/0.0.0.0:8080");
    assert_true(registry_knows_socket(&e, 5));
    assert_false(registry_knows_socket(&e, 0));
    assert_true(registry_knows_sockets(&e));
    /* There may be more than it has room for. */
    for (uint32_t inode = REGISTRY_INODES; inode < REGISTRY_INODES + 3; inode++)
        registry_add_inode(*state, NETNS, &actual, inode);
    e = entry_of(*state, "tcp/0.0.0.0:8080");
    assert_true(registry_knows_socket(&e, REGISTRY_INODES + 2));
    assert_false(registry_knows_sockets(&e));
    /* A second socket of the same server has the same entry, one for another port another. */
    e.inode[0] = 0;
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    e = entry_of(*state, "tcp/0.0.0.0:8080");
    assert_true(registry_knows_socket(&e, 5));
    put(*state, "tcp/0.0.0.0:81", "tcp/0.0.0.0:8080");
    e = entry_of(*state, "tcp/0.0.0.0:8080");
    assert_false(registry_knows_socket(&e, 5));
}

/* The registry, with several network namespaces. */
#include <stdio.h>
#include <unistd.h>

#include "registry/layout.h"
#include "unit_registry.h"

/* Another namespace, whose entries for that port have the same places. */
static uint64_t neighbour(uint16_t port)
{
    uint64_t netns = NETNS + 1;

    while (layout_bucket(netns, port) != layout_bucket(NETNS, port))
        netns++;
    return netns;
}

TEST(other_namespaces_are_other_worlds, IN_MEMORY)
{
    const uint64_t others[] = {NETNS + 1, neighbour(8080)};
    struct endpoint wanted = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e;

    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    for (size_t i = 0; i < COUNT(others); i++) {
        struct registry_walk walk = {.step = 0};
        assert_int_equal(registry_by_actual(*state, others[i], &wanted, &e), REGISTRY_UNKNOWN);
        assert_false(registry_has_port(*state, others[i], 8080));
        assert_false(registry_in_way(*state, others[i], &wanted, &e));
        assert_false(registry_next_asked(*state, others[i], 80, &walk, &e));
    }
}

TEST(quick_port_is_of_its_namespace, IN_MEMORY)
{
    struct endpoint actual = unit_endpoint("tcp/0.0.0.0:8080");
    struct sockaddr_in in = {.sin_family = AF_INET};

    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_true(endpoint_to_sockaddr(&actual.addr, actual.port, (struct sockaddr *)&in));
    assert_int_equal(registry_quick_port(*state, NETNS, (struct sockaddr *)&in), 80);
    assert_int_equal(registry_quick_port(*state, NETNS + 1, (struct sockaddr *)&in), 0);
    assert_int_equal(registry_quick_port(*state, neighbour(8080), (struct sockaddr *)&in), 0);
}

/* The same bind in two namespaces is two entries, and neither shows that the other is gone. */
TEST(namespaces_are_apart, IN_MEMORY)
{
    struct registry_entry e = {.asked = unit_endpoint("tcp/0.0.0.0:80"),
                               .actual = unit_endpoint("tcp/0.0.0.0:8080"),
                               .netns = NETNS,
                               .pid = 1};
    struct registry_entry found;
    uint64_t other = neighbour(8080);

    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    e.netns = other;
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    assert_int_equal(registry_by_actual(*state, other, &e.actual, &found), REGISTRY_KNOWN);
    e.asked.port = 81;
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    assert_int_equal(registry_by_actual(*state, other, &e.actual, &found), REGISTRY_KNOWN);
    assert_int_equal(found.asked.port, 81);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
}

/* Many ports of two namespaces have the same buckets. */
TEST(namespaces_do_not_crowd, IN_MEMORY)
{
    struct registry_entry e = {.pid = (uint32_t)getpid()};
    char text[32];

    for (e.netns = NETNS; e.netns < NETNS + 2; e.netns++) {
        for (unsigned i = 1023; i >= 1; i--) {
            snprintf(text, sizeof(text), "tcp/0.0.0.0:%u", i);
            e.asked = unit_endpoint(text);
            snprintf(text, sizeof(text), "tcp/0.0.0.0:%u", 8000 + i);
            e.actual = unit_endpoint(text);
            assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
        }
    }
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8001"), 1);
}

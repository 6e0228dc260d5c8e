/* What is kept of the registry's answers, and for how long. */
#include "translate/cache.h"

#include "unit_registry.h"

static uint16_t quick_port_of(const struct registry *r, uint64_t netns, const struct endpoint *e)
{
    struct sockaddr_storage name = {.ss_family = e->addr.family};
    char bytes[1 + sizeof(name)]; /* a program may pass a name that is not aligned */

    assert_true(endpoint_to_sockaddr(&e->addr, e->port, (struct sockaddr *)&name));
    memcpy(bytes + 1, &name, sizeof(name));
    uint16_t port = cache_quick_port(r, netns, e->port, (void *)(bytes + 1));
    assert_int_equal(cache_quick_port(r, netns, e->port, (void *)(bytes + 1)), port);
    return port;
}

static uint16_t quick_port(const struct registry *r, uint64_t netns, const char *actual)
{
    struct endpoint e = unit_endpoint(actual);
    return quick_port_of(r, netns, &e);
}

TEST(quick_port_changes_with_the_registry, IN_MEMORY)
{
    assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 0);
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 80);
    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:8080");
    assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 81);
    put(*state, "udp/127.0.0.1:82", "udp/127.0.0.1:8080");
    assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 0); /* the protocol decides */
}

TEST(quick_port_is_of_one_name, IN_MEMORY)
{
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    put(*state, "tcp/[2001:db8::1]:81", "tcp/[2001:db8::1]:8080");
    put(*state, "tcp/[2001:db8::2]:82", "tcp/[2001:db8::2]:8080");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 80);
        assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.2:8080"), 0);
        assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8081"), 0);
        assert_int_equal(quick_port(*state, NETNS + 1, "tcp/127.0.0.1:8080"), 0);
        assert_int_equal(quick_port(*state, NETNS, "tcp/[2001:db8::1]:8080"), 81);
        assert_int_equal(quick_port(*state, NETNS, "tcp/[2001:db8::2]:8080"), 82);
    }
}

TEST(quick_port_is_none_beside_counted_sockets, IN_MEMORY)
{
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 80);
    assert_true(registry_count_passed(*state, 8080));
    assert_int_equal(quick_port(*state, NETNS, "tcp/127.0.0.1:8080"), 0);
}

TEST(quick_port_is_none_once_the_record_is_removed, IN_MEMORY)
{
    struct endpoint e;
    int fd = bound("127.0.0.1", 0, SOCK_DGRAM, &e);

    put_own(*state, 53, &e);
    assert_int_equal(quick_port_of(*state, netns_own(), &e), 53);
    close(fd);
    assert_true(registry_settle(*state, netns_own(), e.port));
    assert_int_equal(quick_port_of(*state, netns_own(), &e), 0);
}

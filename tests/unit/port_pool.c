#include "translate/port_pool.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

TEST(range_in_order)
{
    struct port_pool p = port_pool_range(8080, 8082);

    assert_int_equal(port_pool_next(&p), 8080);
    assert_int_equal(port_pool_next(&p), 8081);
    assert_int_equal(port_pool_next(&p), 8082);
    assert_int_equal(port_pool_next(&p), 0);
    assert_int_equal(port_pool_next(&p), 0);
}

TEST(range_to_the_last_port)
{
    struct port_pool p = port_pool_range(65535, 65535);

    assert_int_equal(port_pool_next(&p), 65535);
    assert_int_equal(port_pool_next(&p), 0);
}

/* Every port that may be had comes exactly once, and no other. */
static void check_auto(uint32_t seed)
{
    static const char rules[] = "80=auto,443=12000,20000-20010=keep";
    static unsigned char seen[65536];
    struct source source = {.name = "test", .text = rules, .size = sizeof(rules) - 1};
    static struct table t;
    struct diag d;
    unsigned low = 0, high = 0;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");

    memset(seen, 0, sizeof(seen));
    t.count = 0;
    assert_true(table_parse(&t, &source, &d));
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%u %u", &low, &high), 2);
    fclose(file);

    struct port_pool p = port_pool_auto(&t, 80, seed);
    for (uint16_t port = port_pool_next(&p); port != 0; port = port_pool_next(&p))
        seen[port]++;
    for (unsigned port = 0; port < 65536; port++) {
        int expected = port >= 1024 && !(port >= low && port <= high) && port != 12000 &&
                       !(port >= 20000 && port <= 20010);
        if (seen[port] != expected)
            fail_msg("port %u: %u times, not %d", port, seen[port], expected);
    }
}

TEST(auto)
{
    for (uint32_t seed = 0; seed < 100; seed++)
        check_auto(seed * 2654435761U);
}

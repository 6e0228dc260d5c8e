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

    memset(seen, 0, sizeof(seen));
    t.count = 0;
    assert_true(table_parse(&t, &source, &d));

    struct port_pool p = port_pool_auto(&t, 80, seed, (struct port_range){32768, 60999});
    for (uint16_t port = port_pool_next(&p); port != 0; port = port_pool_next(&p))
        seen[port]++;
    for (unsigned port = 0; port < 65536; port++) {
        int expected = port >= 1024 && !(port >= 32768 && port <= 60999) && port != 12000 &&
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

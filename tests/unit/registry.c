#include "registry/registry.h"

#include <stdio.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static bool put(struct registry *r, const char *asked, const char *actual)
{
    struct registry_entry e = {
        .asked = unit_endpoint(asked), .actual = unit_endpoint(actual), .pid = 1, .inode = 2};
    return registry_put(r, &e);
}

/* The asked port that is known for an actual endpoint, or 0. */
static uint16_t asked_port(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, &wanted, &e) ? e.asked.port : 0;
}

static int set_up(void **state)
{
    *state = registry_create();
    return *state == NULL;
}

static int tear_down(void **state)
{
    registry_destroy(*state);
    return 0;
}

static void test_empty(void **state)
{
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 0);
    assert_false(registry_has_port(*state, 8080));
}

static void test_all_fields_come_back(void **state)
{
    struct registry_entry in = {.asked = unit_endpoint("udp/[::1]:53"),
                                .actual = unit_endpoint("udp/[::2]:5353"),
                                .pid = 4194304,
                                .inode = 1ULL << 40,
                                .v6only = true};
    struct registry_entry out;

    assert_true(registry_put(*state, &in));
    assert_true(registry_by_actual(*state, &in.actual, &out));
    assert_int_equal(out.asked.port, 53);
    assert_int_equal(out.asked.proto, PROTO_UDP);
    assert_true(addr_equal(&out.asked.addr, &in.asked.addr));
    assert_int_equal(out.actual.port, 5353);
    assert_true(addr_equal(&out.actual.addr, &in.actual.addr));
    assert_int_equal(out.pid, in.pid);
    assert_int_equal(out.inode, in.inode);
    assert_true(out.v6only);
}

static void test_exact_before_wildcard(void **state)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 81);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 80);
}

static void test_keeps_apart(void **state)
{
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 0);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/[::1]:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8081"), 0);
    assert_true(registry_has_port(*state, 8080));
    assert_false(registry_has_port(*state, 8081));
    assert_false(registry_has_port(*state, 8080 + 2048)); /* the same slot */
}

/* What is bound now was free a moment ago: whoever had it is gone. */
static void test_newer_bind_buries_older(void **state)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    put(*state, "tcp/0.0.0.0:8080", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 8080);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 8080);

    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:9090");
    put(*state, "tcp/0.0.0.0:9090", "tcp/0.0.0.0:9090");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:9090"), 9090);
}

/* With SO_REUSEADDR, UDP sockets of one port live side by side. */
static void test_same_asked_port_lives_on(void **state)
{
    put(*state, "udp/127.0.0.1:53", "udp/127.0.0.1:5353");
    put(*state, "udp/0.0.0.0:53", "udp/0.0.0.0:5353");
    struct endpoint exact = unit_endpoint("udp/127.0.0.1:5353");
    struct registry_entry e;
    assert_true(registry_by_actual(*state, &exact, &e));
    assert_true(addr_equal(&e.actual.addr, &exact.addr)); /* itself, not the wildcard's */
    assert_int_equal(e.asked.port, 53);
    assert_int_equal(asked_port(*state, "udp/127.0.0.2:5353"), 53);
}

static bool by_asked(const struct registry *r, const char *asked, bool v6only, uint16_t *actual)
{
    struct registry_entry wanted = {.asked = unit_endpoint(asked), .v6only = v6only}, e;
    bool in_way = false;

    *actual = registry_by_asked(r, &wanted, &e, &in_way) ? e.actual.port : 0;
    return in_way;
}

static void test_by_asked(void **state)
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

static void test_in_way(void **state)
{
    struct endpoint wanted = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e;

    put(*state, "udp/[::]:80", "udp/[::]:8080");
    put(*state, "tcp/[::1]:80", "tcp/[::1]:8081");
    assert_false(registry_in_way(*state, &wanted, &e));
    put(*state, "tcp/[::]:80", "tcp/[::]:8080");
    assert_true(registry_in_way(*state, &wanted, &e));
    assert_int_equal(e.asked.port, 80);
    assert_int_equal(e.asked.addr.family, AF_INET6);
    wanted = unit_endpoint("tcp/127.0.0.1:8081");
    assert_false(registry_in_way(*state, &wanted, &e));
}

static void test_many_binds_do_not_fill_it(void **state)
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

static void test_full_is_refused_and_the_rest_stays(void **state)
{
    char asked[32], actual[32];
    unsigned taken = 0;

    for (unsigned i = 1; i < 250; i++) {
        snprintf(asked, sizeof(asked), "tcp/127.0.0.%u:80", i);
        snprintf(actual, sizeof(actual), "tcp/127.0.0.%u:8080", i);
        if (!put(*state, asked, actual))
            break;
        taken = i;
    }
    assert_in_range(taken, 16, 248);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_true(put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080"));
}

static void test_shared_with_children(void **state)
{
    pid_t child = fork();
    if (child == 0)
        _exit(put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080") ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_fields_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exact_before_wildcard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keeps_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newer_bind_buries_older, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_asked_port_lives_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_by_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_binds_do_not_fill_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_is_refused_and_the_rest_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared_with_children, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}

/* What the unit tests share. Each of the other files here is a program, with the main of unit.c. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Defines a test, which is run without being listed anywhere. More members of struct CMUnitTest
 * may follow the name; `state` is what .setup_func left there:
 *
 *     TEST(ports_are_kept, .setup_func = open_table, .teardown_func = close_table)
 *     {
 *         assert_true(table_has_ports(*state));
 *     }
 */
#define TEST(title, ...)                                                                           \
    static void test_##title(void **state);                                                        \
    __attribute__((constructor)) static void add_##title(void)                                     \
    {                                                                                              \
        unit_add(__LINE__,                                                                         \
                 (struct CMUnitTest){.name = #title, .test_func = test_##title, __VA_ARGS__});     \
    }                                                                                              \
    static void test_##title(__attribute__((unused)) void **state)

/* Adds a test. They run in the order of their lines, and those of one line as they were added. */
void unit_add(int line, struct CMUnitTest test);

/* A program may define these: they run before its first test and after its last. */
__attribute__((weak)) int unit_set_up(void **state);
__attribute__((weak)) int unit_tear_down(void **state);

/* The endpoint that is written as "tcp/127.0.0.1:80". */
static inline struct endpoint unit_endpoint(const char *text)
{
    struct source source = {.name = "test", .text = text, .size = strlen(text)};
    struct endpoint e = {.proto = PROTO_ANY};
    struct diag d;

    if (!rule_parse_endpoint(&e, &source, &d))
        fail_msg("%s: %s", text, d.message);
    return e;
}

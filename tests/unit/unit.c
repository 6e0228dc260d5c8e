/* The main of each program of unit tests. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { TESTS_MAX = 1000 };

static struct CMUnitTest tests[TESTS_MAX];
static int lines[TESTS_MAX];
static size_t count;

void unit_add(int line, struct CMUnitTest test)
{
    size_t at = count++;

    if (at == TESTS_MAX) {
        fputs("unit: too many tests: raise TESTS_MAX\n", stderr);
        exit(1);
    }
    for (; at > 0 && lines[at - 1] > line; at--) {
        tests[at] = tests[at - 1];
        lines[at] = lines[at - 1];
    }
    tests[at] = test;
    lines[at] = line;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argv[0];

    (void)argc;
    if (count == 0) {
        fprintf(stderr, "%s: no tests\n", name);
        return 1;
    }
    return _cmocka_run_group_tests(name, tests, count, unit_set_up, unit_tear_down) != 0;
}

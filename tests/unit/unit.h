/* What the unit tests share. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

#endif

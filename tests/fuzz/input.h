/* The bytes of a fuzzer, taken one after the other. Behind the end are zeros. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the fuzzer, which keeps the input, if something does not hold. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct input {
    const uint8_t *at;
    size_t size;
};

static inline uint64_t input_number(struct input *in, size_t bytes)
{
    uint64_t number = 0;

    for (; bytes > 0 && in->size > 0; bytes--, in->size--)
        number = number << 8 | *in->at++;
    return number;
}

static inline unsigned input_below(struct input *in, unsigned limit)
{
    return limit != 0 ? (unsigned)input_number(in, 1) % limit : 0;
}

/* Mostly one of a few ports, so that they meet. */
static inline uint16_t input_port(struct input *in)
{
    static const uint16_t ports[] = {80, 443, 8080, 8443, 1, 53, 65535, 40000};
    unsigned choice = (unsigned)input_number(in, 1);

    return choice < 240 ? ports[choice % 8] : (uint16_t)input_number(in, 2);
}

/* A wildcard, a loopback address, a v4-mapped one, or any. */
static inline struct addr input_addr(struct input *in)
{
    unsigned choice = input_below(in, 8);
    struct addr addr = {.family = choice % 2 != 0 ? AF_INET6 : AF_INET};

    if (choice == 2 || choice == 4) {
        addr.bytes[0] = 127;
        addr.bytes[3] = (uint8_t)input_below(in, 4);
    } else if (choice == 3) {
        addr.bytes[15] = 1;
    } else if (choice == 5) {
        memcpy(addr.bytes + 10, (const uint8_t[]){0xff, 0xff, 127, 0, 0, 1}, 6);
    } else if (choice > 5) {
        for (size_t i = 0; i < (addr.family == AF_INET ? 4 : 16); i++)
            addr.bytes[i] = (uint8_t)input_number(in, 1);
    }
    return addr;
}

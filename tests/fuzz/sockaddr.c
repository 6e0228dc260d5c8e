/*
 * An address of any bytes, length and alignment: both readers agree, nothing is read or written behind
 * its end, and what is written can be read again.
 */
#include <stdlib.h>

#include "input.h"

enum { ADDRESS_MAX = 160, TEXT = 128 };

/* What is printed is the same address. */
static void check_text(const struct endpoint *e)
{
    char buf[TEXT];
    struct text text;
    struct addr again;

    text_init(&text, buf, sizeof(buf));
    endpoint_format(e, &text);
    CHECK(!text.cut);
    text_init(&text, buf, sizeof(buf));
    addr_format(&e->addr, &text);
    CHECK(!text.cut);
    bool has_brackets = text.used > 2 && buf[0] == '[';
    if (addr_parse(&again, buf + has_brackets, text.used - 2 * has_brackets))
        CHECK(addr_equal(&again, &e->addr));
}

/* Writes the address with another port and address over `sa`, and reads it again. */
static void check_written(struct input *in, const struct endpoint *e, struct sockaddr *sa,
                          socklen_t len)
{
    struct addr to = input_addr(in);
    uint16_t port = (uint16_t)(input_number(in, 2) | 1);
    struct endpoint again;

    if (!endpoint_to_sockaddr(&to, port, sa)) {
        CHECK(to.family == AF_INET6 && e->addr.family != AF_INET6);
        return;
    }
    CHECK(endpoint_from_sockaddr(&again, sa, len) && again.port == port);
    struct addr written = addr_unmapped(&again.addr), wanted = addr_unmapped(&to);
    CHECK(addr_equal(&written, &wanted));
    endpoint_set_port(sa, e->port);
    CHECK(endpoint_port(sa, len) == e->port);
}

static void check_address(struct input *in, struct sockaddr *sa, socklen_t len)
{
    struct endpoint read = {PROTO_ANY, {0}, 0}, from = {PROTO_ANY, {0}, 0};
    bool is_read = endpoint_from_sockaddr(&from, sa, len);

    if (len > sizeof(struct sockaddr_storage)) {
        CHECK(!is_read);
        return;
    }
    CHECK(endpoint_read(&read, sa, len) == is_read);
    if (!is_read)
        return;
    CHECK(read.port == from.port && addr_equal(&read.addr, &from.addr));
    CHECK(read.addr.family == AF_INET || read.addr.family == AF_INET6);
    check_text(&read);
    struct addr mapped = addr_mapped(&read.addr), plain = addr_unmapped(&mapped);
    struct addr was = addr_unmapped(&read.addr);
    CHECK(addr_equal(&plain, &was) && addr_overlap(&was, &plain));
    check_written(in, &read, sa, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sa_family_t families[] = {AF_INET, AF_INET6, AF_UNSPEC};
    struct input in = {data, size};
    unsigned shift = input_below(&in, 8), family = input_below(&in, 4);
    size_t len = input_below(&in, ADDRESS_MAX);
    char *block =
        malloc(shift + len + 1); /* of just its size, so that a read past its end is seen */

    if (block == NULL)
        return 0;
    char *sa = block + shift;
    for (size_t i = 0; i < len; i++)
        sa[i] = (char)input_number(&in, 1);
    if (family < 3 && len >= sizeof(families[0]))
        memcpy(sa, &families[family], sizeof(families[0]));
    check_address(&in, (struct sockaddr *)sa, (socklen_t)len);
    free(block);
    return 0;
}

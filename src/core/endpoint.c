#include "core/endpoint.h"

#include <arpa/inet.h>

#include "core/hot.h"

/* sockaddr_in6 without sin6_scope_id, which the kernel still takes (SIN6_LEN_RFC2133). */
enum { SOCKADDR_IN6_MIN = offsetof(struct sockaddr_in6, sin6_scope_id) };

static const unsigned char MAPPED_PREFIX[12] = {[10] = 0xff, [11] = 0xff};

static const char PROTO_NAMES[][8] = {
    [PROTO_ANY] = "*",     [PROTO_TCP] = "tcp",    [PROTO_UDP] = "udp",
    [PROTO_SCTP] = "sctp", [PROTO_PORTLESS] = "-",
};

const char *proto_name(enum proto proto)
{
    return PROTO_NAMES[proto];
}

enum proto proto_from_name(const char *name, size_t size)
{
    for (enum proto p = PROTO_TCP; p <= PROTO_SCTP; p++) {
        if (strlen(PROTO_NAMES[p]) == size && memcmp(PROTO_NAMES[p], name, size) == 0)
            return p;
    }
    return PROTO_ANY;
}

enum proto proto_from_ip(int ipproto)
{
    switch (ipproto) {
    case IPPROTO_TCP:
    case IPPROTO_MPTCP:
        return PROTO_TCP;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
        return PROTO_UDP;
    case IPPROTO_SCTP:
        return PROTO_SCTP;
    default:
        return PROTO_PORTLESS;
    }
}

HOT bool addr_equal(const struct addr *a, const struct addr *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

HOT bool addr_is_wildcard(const struct addr *a)
{
    static const uint8_t zero[sizeof(a->bytes)];
    return memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

HOT bool addr_is_loopback_ipv6(const struct addr *a)
{
    static const struct addr loopback = {.family = AF_INET6, .bytes = {[15] = 1}};
    return addr_equal(a, &loopback);
}

bool addr_is_group(const struct addr *a)
{
    static const struct addr all = {.family = AF_INET, .bytes = {255, 255, 255, 255}};

    if (a->family == AF_INET)
        return a->bytes[0] >> 4 == 14 || addr_equal(a, &all);
    return a->bytes[0] == 0xff;
}

HOT struct addr addr_unmapped_ipv6(const struct addr *a)
{
    if (memcmp(a->bytes, MAPPED_PREFIX, sizeof(MAPPED_PREFIX)) != 0)
        return *a;
    struct addr v4 = {.family = AF_INET};
    memcpy(v4.bytes, a->bytes + sizeof(MAPPED_PREFIX), sizeof(struct in_addr));
    return v4;
}

HOT struct addr addr_mapped(const struct addr *a)
{
    if (a->family != AF_INET)
        return *a;
    struct addr v6 = {.family = AF_INET6};
    memcpy(v6.bytes, MAPPED_PREFIX, sizeof(MAPPED_PREFIX));
    memcpy(v6.bytes + sizeof(MAPPED_PREFIX), a->bytes, sizeof(struct in_addr));
    return v6;
}

bool addr_overlap(const struct addr *a, const struct addr *b)
{
    struct addr plain_a = addr_unmapped(a), plain_b = addr_unmapped(b);

    if (plain_a.family == plain_b.family || plain_a.family == AF_UNSPEC ||
        plain_b.family == AF_UNSPEC)
        return addr_is_wildcard(&plain_a) || addr_is_wildcard(&plain_b) ||
               addr_equal(&plain_a, &plain_b);
    return addr_is_wildcard(plain_a.family == AF_INET6 ? &plain_a : &plain_b);
}

bool addr_parse(struct addr *a, const char *text, size_t size)
{
    char copy[INET6_ADDRSTRLEN];
    struct addr parsed = {.family = AF_UNSPEC};

    if (size >= sizeof(copy) || memchr(text, '\0', size) != NULL)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (inet_pton(AF_INET, copy, parsed.bytes) == 1)
        parsed.family = AF_INET;
    else if (inet_pton(AF_INET6, copy, parsed.bytes) == 1)
        parsed.family = AF_INET6;
    else
        return false;
    *a = parsed;
    return true;
}

static void format_v4(const uint8_t *bytes, struct text *out)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            text_char(out, '.');
        text_number(out, bytes[i]);
    }
}

/* The longest run of two or more zero groups, the first of equals (RFC 5952, 4.2). */
static int longest_zero_run(const uint16_t group[8], int *length)
{
    int best = -1;

    *length = 1;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n > *length) {
            best = i;
            *length = n;
        }
    }
    return best;
}

/* inet_ntop(3) would do, but glibc's calls sprintf, which may not run in a signal handler. */
static void format_v6(const struct addr *a, struct text *out)
{
    struct addr v4 = addr_unmapped(a);
    if (v4.family == AF_INET) {
        text_string(out, "::ffff:");
        format_v4(v4.bytes, out);
        return;
    }

    uint16_t group[8];
    for (int i = 0; i < 8; i++)
        group[i] = (uint16_t)(a->bytes[2 * i] << 8 | a->bytes[2 * i + 1]);
    int length;
    int zeros = longest_zero_run(group, &length);
    for (int i = 0; i < 8; i++) {
        if (i == zeros) {
            text_string(out, "::");
            i += length - 1;
            continue;
        }
        if (i > 0 && i != zeros + length)
            text_char(out, ':');
        text_number_in(out, group[i], 16);
    }
}

void addr_format(const struct addr *a, struct text *out)
{
    switch (a->family) {
    case AF_INET:
        format_v4(a->bytes, out);
        break;
    case AF_INET6:
        text_char(out, '[');
        format_v6(a, out);
        text_char(out, ']');
        break;
    default:
        text_char(out, '*');
    }
}

HOT static bool is_v4(sa_family_t family)
{
    return family == AF_INET || family == AF_UNSPEC;
}

HOT bool endpoint_from_sockaddr(struct endpoint *e, const struct sockaddr *sa, socklen_t len)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (sa == NULL || len < sizeof(in.sin_family) || len > sizeof(struct sockaddr_storage))
        return false;
    in.sin_family = endpoint_family(sa);
    if (is_v4(in.sin_family) && len >= sizeof(in)) {
        endpoint_copy(&in, sa, sizeof(in));
        if (in.sin_family == AF_UNSPEC && in.sin_addr.s_addr != htonl(INADDR_ANY))
            return false;
        *e = (struct endpoint){.addr.family = AF_INET, .port = ntohs(in.sin_port)};
        memcpy(e->addr.bytes, &in.sin_addr, sizeof(in.sin_addr));
        return true;
    }
    if (in.sin_family != AF_INET6 || len < SOCKADDR_IN6_MIN)
        return false;
    endpoint_copy(&in6, sa, SOCKADDR_IN6_MIN);
    *e = (struct endpoint){.addr.family = AF_INET6, .port = ntohs(in6.sin6_port)};
    memcpy(e->addr.bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
    return true;
}

HOT bool endpoint_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr *sa)
{
    const sa_family_t v4 = AF_INET;

    if (is_v4(endpoint_family(sa))) {
        if (addr->family == AF_INET6)
            return false;
        if (addr->family == AF_INET) {
            endpoint_copy(sa, &v4, sizeof(v4));
            memcpy((char *)sa + offsetof(struct sockaddr_in, sin_addr), addr->bytes,
                   sizeof(struct in_addr));
        }
    } else if (addr->family != AF_UNSPEC) {
        struct addr v6 = addr_mapped(addr);
        memcpy((char *)sa + offsetof(struct sockaddr_in6, sin6_addr), v6.bytes, sizeof(v6.bytes));
    }
    endpoint_set_port(sa, port);
    return true;
}

bool endpoint_overlap(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port &&
           (a->proto == PROTO_ANY || b->proto == PROTO_ANY || a->proto == b->proto) &&
           addr_overlap(&a->addr, &b->addr);
}

void endpoint_format(const struct endpoint *e, struct text *out)
{
    if (e->proto != PROTO_ANY) {
        text_string(out, proto_name(e->proto));
        text_char(out, '/');
    }
    addr_format(&e->addr, out);
    text_char(out, ':');
    text_number(out, e->port);
}

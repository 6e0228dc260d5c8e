/* Protocol, address and port: the arguments of bind(2) without their sockaddr layout. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "core/text.h"

/* Not in the headers of glibc before 2.32. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum proto {
    PROTO_ANY = 0, /* in a rule: every protocol; in an endpoint: unknown */
    PROTO_TCP,
    PROTO_UDP,
    PROTO_SCTP,
    PROTO_PORTLESS, /* a socket without ports: raw, ping, or not inet */
};

/*
 * `family` is AF_UNSPEC (no address), AF_INET or AF_INET6. An IPv4 address
 * fills the first four bytes, in network order; the rest are 0, so that equal
 * addresses are equal bytes.
 */
struct addr {
    uint8_t family;
    uint8_t bytes[16];
};

/* `port` is in host order. */
struct endpoint {
    enum proto proto;
    struct addr addr;
    uint16_t port;
};

/* "tcp", "udp", "sctp"; "*" for PROTO_ANY. */
const char *proto_name(enum proto proto);

/* Returns the protocol of that name, or PROTO_ANY if there is none. */
enum proto proto_from_name(const char *name, size_t size);

/*
 * Returns the protocol of an IPPROTO_ number (SO_PROTOCOL, socket(7)), or PROTO_PORTLESS.
 * MPTCP (RFC 8684) shares the ports of TCP; UDP-Lite (RFC 3828) counts as UDP.
 */
enum proto proto_from_ip(int ipproto);

bool addr_equal(const struct addr *a, const struct addr *b);

/* True for 0.0.0.0, :: and no address. */
bool addr_is_wildcard(const struct addr *a);

/* True for ::1. */
bool addr_is_loopback_ipv6(const struct addr *a);

/* True for 127.0.0.0/8 and ::1. */
static inline bool addr_is_loopback(const struct addr *a)
{
    return a->family == AF_INET ? a->bytes[0] == 127 : addr_is_loopback_ipv6(a);
}

/* True for 224.0.0.0/4, 255.255.255.255 and ff00::/8, which mean all that listen. */
bool addr_is_group(const struct addr *a);

/* addr_unmapped() of an address of IPv6. */
struct addr addr_unmapped_ipv6(const struct addr *a);

/* Returns the IPv4 address in a v4-mapped one (RFC 4291, 2.5.5.2), else `a` itself. */
static inline struct addr addr_unmapped(const struct addr *a)
{
    return a->family == AF_INET6 ? addr_unmapped_ipv6(a) : *a;
}

/* Returns an IPv4 address as a v4-mapped IPv6 one, else `a` itself. */
struct addr addr_mapped(const struct addr *a);

/*
 * Returns whether sockets on both addresses conflict on one port: the addresses are equal,
 * or one is the wildcard of the other's family or no address. A v4-mapped address counts
 * as IPv4, which :: conflicts with (IPV6_V6ONLY is not considered).
 */
bool addr_overlap(const struct addr *a, const struct addr *b);

/*
 * Reads an IPv4 address, or an IPv6 address without brackets, as inet_pton(3) does.
 * Returns false with *a untouched if it is neither.
 */
bool addr_parse(struct addr *a, const char *text, size_t size);

/* Appends the address: IPv6 by RFC 5952, in brackets; "*" for no address. */
void addr_format(const struct addr *a, struct text *out);

/*
 * Reads the addresses that the kernel's bind() takes: AF_INET, AF_INET6 (24 bytes are
 * enough, RFC 2133), and AF_UNSPEC with INADDR_ANY, which Linux binds as AF_INET
 * (inet_bind since 2.6.12). The protocol is PROTO_ANY. Returns false with *e untouched
 * for other families, NULL, and a wrong length. `sa` need not be aligned.
 */
bool endpoint_from_sockaddr(struct endpoint *e, const struct sockaddr *sa, socklen_t len);

/*
 * Copies the first bytes of an address that need not be aligned. memcpy(3) is a builtin of the
 * compiler, which may take a pointer to be aligned as its type is.
 */
static inline void endpoint_copy(void *to, const void *sa, size_t size)
{
    memcpy(to, sa, size);
}

/* Returns the family of an address, which need not be aligned. */
static inline sa_family_t endpoint_family(const struct sockaddr *sa)
{
    sa_family_t family;
    endpoint_copy(&family, sa, sizeof(family));
    return family;
}

/* Returns the port of an address of AF_INET or AF_INET6, or 0 if it is none or too short. */
static inline uint16_t endpoint_port(const struct sockaddr *sa, socklen_t len)
{
    struct sockaddr_in in;

    if (len < sizeof(in))
        return 0;
    endpoint_copy(&in, sa, offsetof(struct sockaddr_in, sin_addr));
    return in.sin_family == AF_INET || in.sin_family == AF_INET6 ? ntohs(in.sin_port) : 0;
}

/*
 * endpoint_from_sockaddr for frequent calls: IPv4 inline. `len` must not be more than that of
 * sockaddr_storage.
 */
static inline bool endpoint_read(struct endpoint *e, const struct sockaddr *sa, socklen_t len)
{
    struct sockaddr_in in;

    if (len < sizeof(in))
        return false;
    endpoint_copy(&in, sa, sizeof(in));
    if (in.sin_family != AF_INET)
        return endpoint_from_sockaddr(e, sa, len);
    *e = (struct endpoint){.addr.family = AF_INET, .port = ntohs(in.sin_port)};
    memcpy(e->addr.bytes, &in.sin_addr, sizeof(in.sin_addr));
    return true;
}

/* Sets the port of an address of AF_INET or AF_INET6: its offset is the same in both. */
static inline void endpoint_set_port(struct sockaddr *sa, uint16_t port)
{
    in_port_t wire = htons(port);
    memcpy((char *)sa + offsetof(struct sockaddr_in, sin_port), &wire, sizeof(wire));
}

/*
 * Writes `port` to `sa`, which endpoint_from_sockaddr must accept, and `addr` too unless
 * it is AF_UNSPEC. An IPv4 address becomes v4-mapped in an IPv6 sockaddr. Returns false
 * with `sa` untouched if the address is IPv6 and `sa` is IPv4. `sa` need not be aligned.
 */
bool endpoint_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr *sa);

/* Returns whether sockets on both conflict. PROTO_ANY conflicts with every protocol. */
bool endpoint_overlap(const struct endpoint *a, const struct endpoint *b);

/* Appends "tcp/127.0.0.1:80", or "127.0.0.1:80" if the protocol is PROTO_ANY. */
void endpoint_format(const struct endpoint *e, struct text *out);

/* Protocol, address and port: what bind(2) is given, free of sockaddr layouts. */
#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "core/text.h"

enum proto {
    PROTO_ANY = 0, /* in a rule: every protocol; in an endpoint: not known */
    PROTO_TCP,
    PROTO_UDP,
    PROTO_SCTP,
    PROTO_PORTLESS, /* a socket without ports: raw, ping, not inet at all */
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

/* The protocol named by the `size` bytes at `name`, or PROTO_ANY if there is none of that name. */
enum proto proto_from_name(const char *name, size_t size);

/*
 * The protocol of an IPPROTO_ number as SO_PROTOCOL tells it (socket(7)), or
 * PROTO_PORTLESS. MPTCP (RFC 8684) is TCP to those who bind it, and UDP-Lite
 * (RFC 3828) is UDP.
 */
enum proto proto_from_ip(int ipproto);

bool addr_equal(const struct addr *a, const struct addr *b);

/* True of 0.0.0.0 and ::, and of no address at all. */
bool addr_is_wildcard(const struct addr *a);

/* True of 127.0.0.0/8 and ::1. */
bool addr_is_loopback(const struct addr *a);

/* `a` itself, or the IPv4 address within it where it is v4-mapped (RFC 4291, 2.5.5.2). */
struct addr addr_unmapped(const struct addr *a);

/* An IPv4 address as a v4-mapped one of IPv6; any other is returned as it is. */
struct addr addr_mapped(const struct addr *a);

/*
 * Whether sockets on both addresses are in each other's way on one port: they are the
 * same, or one is the wildcard of the other's family or no address at all. v4-mapped
 * addresses count as IPv4, which :: is in the way of (that it may be of IPv6 alone
 * is not asked).
 */
bool addr_overlap(const struct addr *a, const struct addr *b);

/*
 * Reads an IPv4 address, or an IPv6 address without brackets, as inet_pton(3)
 * does. False, with `a` untouched, where it is neither.
 */
bool addr_parse(struct addr *a, const char *text, size_t size);

/* Appends the address, IPv6 in brackets and as RFC 5952 has it; "*" for no address. */
void addr_format(const struct addr *a, struct text *out);

/*
 * Reads what the kernel's bind() would: AF_INET, AF_INET6 (24 bytes are enough,
 * RFC 2133), and AF_UNSPEC with INADDR_ANY, which Linux binds as AF_INET
 * (inet_bind since 2.6.12). The protocol is left PROTO_ANY. False, with
 * `e` untouched, for all else: other families, NULL, too short or too long.
 * `sa` need not be aligned.
 */
bool endpoint_from_sockaddr(struct endpoint *e, const struct sockaddr *sa, socklen_t len);

/*
 * The port of an address of AF_INET or AF_INET6, and of nothing else; 0 where it is
 * none or too short for one.
 */
static inline uint16_t endpoint_port(const struct sockaddr *sa, socklen_t len)
{
    struct sockaddr_in in;

    if (len < sizeof(in))
        return 0;
    memcpy(&in, sa, offsetof(struct sockaddr_in, sin_addr));
    return in.sin_family == AF_INET || in.sin_family == AF_INET6 ? ntohs(in.sin_port) : 0;
}

/* endpoint_from_sockaddr for calls that are made often: IPv4, which most are, in place. */
static inline bool endpoint_read(struct endpoint *e, const struct sockaddr *sa, socklen_t len)
{
    struct sockaddr_in in;

    if (len < sizeof(in))
        return false;
    memcpy(&in, sa, sizeof(in));
    if (in.sin_family != AF_INET)
        return endpoint_from_sockaddr(e, sa, len);
    *e = (struct endpoint){.addr.family = AF_INET, .port = ntohs(in.sin_port)};
    memcpy(e->addr.bytes, &in.sin_addr, sizeof(in.sin_addr));
    return true;
}

/* Puts `port` into an address of AF_INET or AF_INET6: it has the same place in both. */
static inline void endpoint_set_port(struct sockaddr *sa, uint16_t port)
{
    in_port_t wire = htons(port);
    memcpy((char *)sa + offsetof(struct sockaddr_in, sin_port), &wire, sizeof(wire));
}

/*
 * Puts `port` into `sa`, which must be one that endpoint_from_sockaddr reads,
 * and `addr` too unless it is AF_UNSPEC. An IPv4 address goes into an IPv6
 * sockaddr v4-mapped. False, with `sa` untouched, for an IPv6 address and an
 * IPv4 sockaddr.
 */
bool endpoint_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr *sa);

/*
 * Whether sockets on both would be in each other's way. PROTO_ANY is in the way of every
 * protocol.
 */
bool endpoint_overlap(const struct endpoint *a, const struct endpoint *b);

/* Appends "tcp/127.0.0.1:80", or "127.0.0.1:80" where the protocol is PROTO_ANY. */
void endpoint_format(const struct endpoint *e, struct text *out);

#endif

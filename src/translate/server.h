/* Which server of the tree a client means. */
#pragma once

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "core/endpoint.h"
#include "registry/registry.h"

/* An address that a program connects or sends to. */
struct target {
    int fd; /* -1 if there is no socket yet: then the protocol is known */
    socklen_t len;
    const struct sockaddr *name;
    const struct registry *registry; /* NULL if there is none */
    uint64_t netns;
    struct endpoint asked;
    bool is_group;      /* members in the tree are sent copies: group.h */
    bool may_be_recent; /* a server that was open a moment ago will do, and then is_recent is set */
    bool is_recent;
    /* Where the server is: set by server_redirect(). */
    struct endpoint actual;
    struct sockaddr_storage copy; /* of `name`, with the actual endpoint in it */
};

/* Returns the address that `asked` leads to: the loopback address for the wildcard. */
static inline struct addr server_destination(const struct endpoint *asked)
{
    struct addr addr = addr_unmapped(&asked->addr);

    if (addr_is_wildcard(&addr)) {
        if (addr.family == AF_INET)
            memcpy(addr.bytes, (const uint8_t[]){127, 0, 0, 1}, 4);
        else
            addr.bytes[15] = 1;
    }
    return addr;
}

/*
 * Sets the actual endpoint: `port` on `host`, or on the asked address if that is NULL.
 * Returns false if the name has no room for `host`, an IPv6 address.
 */
static inline bool server_redirect(struct target *t, const struct addr *host, uint16_t port)
{
    struct sockaddr *copy = (struct sockaddr *)&t->copy;

    if (t->len == sizeof(struct sockaddr_in)) /* most are, and need no call of memcpy() */
        memcpy(copy, t->name, sizeof(struct sockaddr_in));
    else
        memcpy(copy, t->name, t->len);
    if (host == NULL)
        endpoint_set_port(copy, port);
    else if (!endpoint_to_sockaddr(host, port, copy))
        return false;
    t->actual.addr = host == NULL ? server_destination(&t->asked) : addr_unmapped(host);
    t->actual.port = port;
    t->actual.proto = t->asked.proto;
    return true;
}

/*
 * Finds the server that is running for the asked endpoint, and redirects the target to it;
 * with REMAP_CONNECT=table, also to where only the table says. Returns false if there is
 * none, or it is where the name says. Asks for the protocol if that is not known. Changes
 * errno.
 */
bool server_find(struct target *t);

/* Which server of the tree a client means. */
#ifndef TRANSLATE_SERVER_H
#define TRANSLATE_SERVER_H

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "core/endpoint.h"
#include "registry/registry.h"
#include "translate/settings.h"

/* An address under way. */
struct target {
    int fd;
    socklen_t len;
    const struct sockaddr *name;
    const struct settings *settings;
    const struct registry *registry;
    uint64_t netns;
    struct endpoint asked;
    struct sockaddr_storage copy; /* what to send to instead */
};

/* The wildcard, as a destination, is the loopback address. */
static inline struct addr server_destination(const struct endpoint *asked)
{
    if (asked->addr.family == AF_INET && asked->addr.bytes[0] != 0) /* which is nearly always so */
        return asked->addr;
    struct addr addr = addr_unmapped(&asked->addr);

    if (addr_is_wildcard(&addr)) {
        if (addr.family == AF_INET)
            memcpy(addr.bytes, (const uint8_t[]){127, 0, 0, 1}, 4);
        else
            addr.bytes[15] = 1;
    }
    return addr;
}

/* Writes where the asked endpoint is to t->copy. False where it is not to be found, or is where it says. */
bool server_find(struct target *t);

/* The same, where the table, and nobody who lives, sends it. */
bool server_find_by_table(struct target *t);

#endif

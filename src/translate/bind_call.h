/* One bind under way: what was asked for, and what is tried. */
#ifndef TRANSLATE_BIND_CALL_H
#define TRANSLATE_BIND_CALL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "registry/registry.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

/* `actual` is what was tried last. */
struct bind_call {
    int fd;
    const struct sockaddr *addr;
    socklen_t len;
    struct settings *settings;
    struct endpoint asked;
    struct endpoint actual;
    struct addr host; /* to bind instead of the asked one, or AF_UNSPEC */
    bool is_trial;    /* one of many ports: that it is in use is nothing to tell */
    /* Known where a choice of ports makes them matter: */
    uint32_t inode;
    bool v6only;
};

/* Asks for the protocol of the socket, unless it is known. */
void bind_call_learn_proto(struct bind_call *c);

/* What the registry is to be told of it. In place, as is what follows: a bind is made of these. */
static inline struct registry_entry bind_call_entry(const struct bind_call *c)
{
    return (struct registry_entry){
        .asked = c->asked,
        .actual = c->actual,
        .netns = shared_registry_netns(c->fd),
        .inode = {c->inode},
        .v6only = c->v6only,
        .engine = engine_kind,
    };
}

/* Binds to `port`. The caller's address is copied, never written to. Fails as bind(2) does. */
static inline int bind_call_bind(struct bind_call *c, uint16_t port)
{
    struct sockaddr_storage copy;

    if (c->len == sizeof(struct sockaddr_in))
        memcpy(&copy, c->addr, sizeof(struct sockaddr_in));
    else
        memcpy(&copy, c->addr, c->len);
    c->actual = c->asked;
    c->actual.port = port;
    if (c->host.family != AF_UNSPEC)
        c->actual.addr = c->host;
    if (!endpoint_to_sockaddr(&c->host, port, (struct sockaddr *)&copy)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (c->asked.addr.family == AF_INET6)
        c->actual.addr = addr_mapped(&c->actual.addr);
    return next.bind(c->fd, (struct sockaddr *)&copy, c->len);
}

#endif

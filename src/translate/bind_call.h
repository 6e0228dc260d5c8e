/* One bind: what the program asked for, and the actual ports that are tried for it. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "core/table.h"
#include "registry/registry.h"
#include "translate/engine.h"
#include "translate/next.h"
#include "translate/settings.h"
#include "translate/shared_registry.h"

struct bind_call {
    int fd;
    socklen_t len;
    const struct sockaddr *addr;
    struct settings *settings; /* or NULL */
    bool is_trial;             /* one of many ports: that it is in use is not reported */
    struct endpoint asked;
    struct decision decision; /* of the table, if that is asked */
    struct endpoint actual;   /* what was tried last */
    /* Set by bind_call_choose(): */
    uint32_t inode;
    bool v6only;
    bool is_adopted, is_recorded; /* set by adopt_socket() */
    bool is_dropped;              /* set by drop_socket() */
};

/*
 * Binds to one of the ports that the rule allows: the port that the asked one got before,
 * else the first free one. Fails as bind(2) does.
 */
int bind_call_choose(struct bind_call *c) __attribute__((warn_unused_result));

/* Returns the record of the bind. Inline, like what follows: most binds need no more. */
static inline struct registry_entry bind_call_entry(const struct bind_call *c)
{
    return (struct registry_entry){
        .asked = c->asked,
        .actual = c->actual,
        .netns = shared_registry_netns(c->fd),
        .inode = {c->inode},
        .v6only = c->v6only,
        .is_adopted = c->is_adopted,
        .is_dropped = c->is_dropped,
        .engine = engine_kind,
    };
}

/* Binds to `port`, with a copy of the caller's address. Fails as bind(2) does. */
static inline int bind_call_try(struct bind_call *c, uint16_t port)
{
    const struct addr *host = &c->decision.host;
    struct sockaddr_storage copy;

    if (c->len == sizeof(struct sockaddr_in)) /* most are, and need no call of memcpy() */
        memcpy(&copy, c->addr, sizeof(struct sockaddr_in));
    else
        memcpy(&copy, c->addr, c->len);
    c->actual = c->asked;
    c->actual.port = port;
    if (host->family != AF_UNSPEC)
        c->actual.addr = *host;
    if (!endpoint_to_sockaddr(host, port, (struct sockaddr *)&copy)) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    if (c->asked.addr.family == AF_INET6)
        c->actual.addr = addr_mapped(&c->actual.addr);
    return next.bind(c->fd, (struct sockaddr *)&copy, c->len);
}

/* What the tests of the registry share. */
#pragma once

#include <unistd.h>

#include "linux/netns.h"
#include "linux/socket.h"
#include "registry/registry.h"
#include "unit.h"

#define NETNS 4026531840U

/* For TEST: *state is an empty registry. */
#define IN_MEMORY .setup_func = create_registry, .teardown_func = destroy_registry

/* ---- records of another namespace, about which the kernel cannot be asked ---- */

static inline bool put(struct registry *r, const char *asked, const char *actual)
{
    struct registry_entry e = {.asked = unit_endpoint(asked),
                               .actual = unit_endpoint(actual),
                               .netns = NETNS,
                               .pid = 1,
                               .inode = {2}};
    return registry_put(r, &e) == REGISTRY_PUT;
}

/* The asked port that is known for an actual endpoint, or 0. */
static inline uint16_t asked_port(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, NETNS, &wanted, &e) == REGISTRY_KNOWN ? e.asked.port : 0;
}

/* ---- sockets of the test's own namespace ---- */

/* Binds a socket to a port of an address, or to a free one if that is 0. Returns it, and its endpoint. */
static inline int bound(const char *address, uint16_t port, int type, struct endpoint *e)
{
    struct endpoint wanted = {.port = port};
    struct sockaddr_storage sa = {0};

    assert_true(addr_parse(&wanted.addr, address, strlen(address)));
    int fd = socket(wanted.addr.family, type, 0);
    sa.ss_family = wanted.addr.family;
    assert_true(endpoint_to_sockaddr(&wanted.addr, wanted.port, (struct sockaddr *)&sa));
    assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(struct sockaddr_in6)), 0);
    assert_true(socket_name(fd, e));
    e->proto = type == SOCK_DGRAM ? PROTO_UDP : PROTO_TCP;
    return fd;
}

/* Puts the record of a socket at `actual`, which was remapped from `asked`. */
static inline void put_own(struct registry *r, uint16_t asked, const struct endpoint *actual)
{
    struct registry_entry e = {
        .asked = *actual, .actual = *actual, .netns = netns_own(), .pid = (uint32_t)getpid()};

    e.asked.port = asked;
    assert_int_equal(registry_put(r, &e), REGISTRY_PUT);
}

static inline uint16_t asked_of(const struct registry *r, const struct endpoint *actual)
{
    struct registry_entry e;
    return registry_by_actual(r, netns_own(), actual, &e) == REGISTRY_KNOWN ? e.asked.port : 0;
}

/* ---- an empty registry ---- */

static inline int create_registry(void **state)
{
    *state = registry_create();
    return *state == NULL;
}

static inline int destroy_registry(void **state)
{
    registry_destroy(*state);
    return 0;
}

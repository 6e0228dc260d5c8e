/* What becomes of packets to an address, as the routing tables say (rtnetlink(7)). */
#pragma once

#include "core/endpoint.h"

enum route {
    ROUTE_AWAY,  /* to another host, or to none */
    ROUTE_LOCAL, /* an address of this host, or in a prefix that is local (AnyIP) */
    ROUTE_GROUP, /* to each host and socket that listens: multicast or broadcast */
};

/*
 * Asks the kernel, about the network namespace of this process. `to` must not be v4-mapped. In a
 * sealed process (sys_seal), an address of an interface is known if route_prepare() was called
 * before. Changes errno. Costs a few microseconds: four system calls.
 */
enum route route_of(const struct addr *to);

/* Reads the addresses of the interfaces, as far as there is room for them. Changes errno. */
void route_prepare(void);

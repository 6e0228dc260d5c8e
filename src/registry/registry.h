/* The live asked/actual pairs, in memory that processes share. */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"

/*
 * One bind: what was asked for, and what the kernel has. A program that asked
 * for the actual port itself has an entry too, where one for that port was known
 * before: asked and actual are then the same. Where there was a choice of ports,
 * `inode` is the socket's in sockfs, else 0; and `v6only` is IPV6_V6ONLY (ipv6(7)).
 */
struct registry_entry {
    struct endpoint asked;
    struct endpoint actual;
    uint32_t pid;
    uint64_t inode;
    bool v6only;
};

struct registry;

/*
 * A new, empty registry in memory that is shared with the children of fork(2)
 * from now on; NULL with errno where there is no memory. Belongs to the process
 * until its end, or until registry_destroy. One system call.
 */
struct registry *registry_create(void);
void registry_destroy(struct registry *r);

/*
 * Puts an entry in, in the place of those that it proves dead: a socket that was
 * bound to the same actual endpoint, or within it, for another asked port. False
 * where the registry is full. Safe in a signal handler, and beside readers and
 * writers in other threads and processes.
 */
bool registry_put(struct registry *r, const struct registry_entry *e);

/*
 * Finds what was asked for where the kernel has `actual`: by the very address,
 * else by the wildcard address of its family. False, with *e untouched, where
 * nothing is known. No system call, no lock.
 */
bool registry_by_actual(const struct registry *r, const struct endpoint *actual,
                        struct registry_entry *e);

/*
 * Finds the entry whose actual port is the one that `wanted->asked` should get
 * too: the newest of those that are in its way, else the newest for that port,
 * whatever its protocol and address. *in_way says which it is.
 */
bool registry_by_asked(const struct registry *r, const struct registry_entry *wanted,
                       struct registry_entry *e, bool *in_way);

/* Finds an entry whose actual endpoint is in the way of `actual`, of whatever family. */
bool registry_in_way(const struct registry *r, const struct endpoint *actual,
                     struct registry_entry *e);

/* Whether any entry has this actual port. */
bool registry_has_port(const struct registry *r, uint16_t port);

#endif

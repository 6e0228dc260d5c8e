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
    uint64_t netns; /* SO_NETNS_COOKIE, or an inode of nsfs: see preload/state.h */
    uint64_t since; /* seconds since the epoch */
    uint32_t pid;
    char program[16]; /* TASK_COMM_LEN, NUL-terminated */
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

/*
 * The registry in the file `fd`, which is made one if it is empty; shared with all
 * who map it. NULL with errno where it cannot be mapped, or EINVAL where it is a
 * registry of another version, or none. Whatever the file holds, it is safe to
 * read: a slot that makes no sense counts as unused. The descriptor remains the
 * caller's, and may be closed.
 */
struct registry *registry_map(int fd);

/* A number that was drawn when the registry was made. */
uint64_t registry_identity(const struct registry *r);

void registry_destroy(struct registry *r);

/*
 * Puts an entry in, in the place of those that it proves dead: a socket that was
 * bound to the same actual endpoint, or within it, for another asked port; and
 * where there is no room, in that of an old one. False where other writers took
 * each place before. Safe in a signal handler, and beside readers and writers in
 * other threads and processes. Changes errno.
 */
bool registry_put(struct registry *r, const struct registry_entry *e);

/*
 * All look-ups below are within one network namespace, `netns`. They make no
 * system call and take no lock; where nothing is known, they leave *e untouched.
 */

/*
 * Finds what was asked for where the kernel has `actual`: by the very address,
 * else by the wildcard address of its family.
 */
bool registry_by_actual(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                        struct registry_entry *e);

/*
 * Finds the entry whose actual port is the one that `wanted->asked`, in
 * `wanted->netns`, should get too: the newest of those that are in its way, else the newest for that port,
 * whatever its protocol and address. *in_way says which it is.
 */
bool registry_by_asked(const struct registry *r, const struct registry_entry *wanted,
                       struct registry_entry *e, bool *in_way);

/* Finds an entry whose actual endpoint is in the way of `actual`, of whatever family. */
bool registry_in_way(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                     struct registry_entry *e);

/*
 * Whether an actual port was ever put in that the kernel gives to outgoing
 * connections too: 32768 or higher, by the default of net.ipv4.ip_local_port_range.
 */
bool registry_has_local_port(const struct registry *r);

/* Whether any entry has this actual port. */
bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port);

#endif

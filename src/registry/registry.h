/* The live asked/actual pairs, in memory that processes share. */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"

enum engine {
    ENGINE_PRELOAD,
    ENGINE_NOTIFY,
};

enum { REGISTRY_INODES = 8 };

/*
 * One bind: what was asked for, and what the kernel has. A program that asked
 * for the actual port itself has an entry too, where one for that port was known
 * before: asked and actual are then the same. The protocol is PROTO_ANY where it
 * was not asked, which stands for any; the same of both endpoints. `inode` has those
 * sockets with this endpoint that are known by their number in sockfs, the latest
 * first, then zeros, and those of TCP alone if the protocol is not known; and `v6only` is IPV6_V6ONLY (ipv6(7)), where there was a choice
 * of ports.
 */
struct registry_entry {
    struct endpoint asked;
    struct endpoint actual;
    uint64_t netns; /* SO_NETNS_COOKIE, or an inode of nsfs: see linux/netns.h */
    /* registry_put fills in: */
    uint32_t uid;   /* the effective one when it was put in */
    uint32_t since; /* seconds since the epoch: when that was */
    uint32_t order; /* the later was put later */
    uint32_t pid;
    char program[16]; /* TASK_COMM_LEN, NUL-terminated */
    uint32_t inode[REGISTRY_INODES];
    bool v6only;
    enum engine engine;
};

struct registry;

enum registry_put {
    REGISTRY_PUT,
    REGISTRY_FULL,            /* other writers took each place before */
    REGISTRY_PUT_NEEDS_PROTO, /* others with that port asked for something else */
};

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
 * where there is no room, in that of an old one. An entry whose protocol is not
 * known may have to be put again with it. Safe in a signal handler, and beside readers and writers in other threads and processes. Changes errno.
 */
enum registry_put registry_put(struct registry *r, const struct registry_entry *e);

/*
 * Notes that a program bound `port` itself, without an entry: that the protocol
 * matters if the port becomes an actual one later. Forgets old ones, where there
 * are many. Costs next to nothing. Returns registry_may_have of the port.
 */
bool registry_note_own(struct registry *r, uint64_t netns, uint16_t port);

/*
 * Adds a socket's inode to the entry that registry_by_actual finds, whose protocol
 * is known to be that of `actual`. `pid` is the caller's. Changes errno.
 */
void registry_add_inode(struct registry *r, uint64_t netns, const struct endpoint *actual,
                        uint32_t inode, uint32_t pid);

/* Whether the entry knows all its sockets of this protocol by their number: it has room for no more than a few. */
bool registry_knows_sockets(const struct registry_entry *e, enum proto proto);

/* Whether it knows this one. */
bool registry_knows_socket(const struct registry_entry *e, uint32_t inode);

/*
 * All look-ups below are within one network namespace, `netns`. They take no lock, and make no
 * system call but where somebody is writing what they look for; where nothing is known, they leave *e untouched.
 */

enum registry_answer {
    REGISTRY_UNKNOWN,
    REGISTRY_KNOWN,
    REGISTRY_NEEDS_PROTO, /* there are several answers: ask again with the protocol */
};

/*
 * Finds what was asked for where the kernel has `actual`: by the very address,
 * else by the wildcard address of its family. actual->proto may be PROTO_ANY. Of
 * *e, asked, actual and since are filled in, and no more.
 */
enum registry_answer registry_by_actual(const struct registry *r, uint64_t netns,
                                        const struct endpoint *actual, struct registry_entry *e);

/*
 * The asked port that registry_by_actual finds for an address of AF_INET or AF_INET6 of
 * full length, where that is plain to see: one entry alone has the port, and the
 * address stays. 0 where it takes more to know.
 */
uint16_t registry_quick_port(const struct registry *r, uint64_t netns, const struct sockaddr *sa);

/* False where no entry has this actual port, of which registry_has_port makes sure. */
bool registry_may_have(const struct registry *r, uint64_t netns, uint16_t port);

/* Whether anybody ever asked for this port, in any namespace. */
bool registry_has_asked(const struct registry *r, uint16_t port);

/* A number that changes whenever an entry is put in that says something new. */
uint32_t registry_newest(const struct registry *r);

/* A walk over entries. All zeros at its beginning. */
struct registry_walk {
    uint64_t ports;
    unsigned step;
    bool is_begun, is_whole;
};

/* The next entry for an asked port, whatever its protocol and address; false at the end. */
bool registry_next_asked(const struct registry *r, uint64_t netns, uint16_t port,
                         struct registry_walk *w, struct registry_entry *e);

/* The next entry of all, of every namespace. */
bool registry_next(const struct registry *r, struct registry_walk *w, struct registry_entry *e);

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

/* Whether any entry has this actual port. */
bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port);

#endif

/* The asked and actual endpoints of remapped sockets, in memory that processes share. */
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
 * One bind: the asked endpoint, and the endpoint that the kernel has. If a program binds the
 * actual port of an earlier record itself, there is an entry whose endpoints are equal. Both
 * endpoints have the same protocol: PROTO_ANY if it was not asked for, which matches any.
 * `inode` lists the known sockets of the endpoint by their inodes in sockfs, the latest first,
 * then zeros; if the protocol is unknown, only those of TCP. `v6only` is IPV6_V6ONLY
 * (ipv6(7)), if there was a choice of ports.
 */
struct registry_entry {
    struct endpoint asked;
    struct endpoint actual;
    uint64_t netns; /* see linux/netns.h */
    /* registry_put fills in: */
    uint32_t uid;   /* the effective user of the writer */
    uint32_t since; /* seconds since the epoch */
    uint32_t order; /* increases with each record */
    uint32_t pid;
    char program[16]; /* TASK_COMM_LEN, NUL-terminated */
    uint32_t inode[REGISTRY_INODES];
    bool v6only;
    enum engine engine;
};

struct registry;

enum registry_put {
    REGISTRY_PUT,
    REGISTRY_FULL,            /* other writers took each place */
    REGISTRY_PUT_NEEDS_PROTO, /* the port has records of other asked endpoints */
};

/*
 * Returns a new registry in memory that is shared with later children of fork(2), or NULL
 * with errno. It belongs to the process until its end, or until registry_destroy.
 */
struct registry *registry_create(void);

/*
 * Returns the registry in the file `fd`, which becomes one if it is empty, or NULL with errno:
 * EINVAL if it is a registry of another version, or another file. Any contents are safe to
 * read: an invalid slot counts as unused. The descriptor belongs to the caller; it may be closed.
 */
struct registry *registry_map(int fd);

/* Returns a number that was drawn when the registry was made. */
uint64_t registry_identity(const struct registry *r);

void registry_destroy(struct registry *r);

/*
 * Puts an entry in. It replaces entries that it proves stale: those of another asked port at
 * the same actual endpoint, or one that it covers. If there is no room, it replaces an old one.
 * An entry of unknown protocol may have to be put again with it. Safe in signal handlers, and
 * beside readers and writers in other threads and processes. Changes errno.
 */
enum registry_put registry_put(struct registry *r, const struct registry_entry *e);

/*
 * Notes that a program bound `port` itself, without an entry: if the port becomes an actual
 * port later, the protocol matters. Forgets old notes if there are many. Returns
 * registry_may_have of the port.
 */
bool registry_note_own(struct registry *r, uint64_t netns, uint16_t port);

/*
 * Adds a socket's inode to the entry that registry_by_actual finds, which has the protocol of
 * `actual`. `pid` is the calling process. Changes errno.
 */
void registry_add_inode(struct registry *r, uint64_t netns, const struct endpoint *actual,
                        uint32_t inode, uint32_t pid);

/* Returns whether the entry lists all its sockets of this protocol. It has room for a few. */
bool registry_knows_sockets(const struct registry_entry *e, enum proto proto);

/* Returns whether the entry lists this socket. */
bool registry_knows_socket(const struct registry_entry *e, uint32_t inode);

/*
 * The look-ups below are within one network namespace. They take no lock. They make no system
 * call unless a record is being written. If they find nothing, *e is untouched.
 */

enum registry_answer {
    REGISTRY_UNKNOWN,
    REGISTRY_KNOWN,
    REGISTRY_NEEDS_PROTO, /* the answer depends on the protocol */
};

/*
 * Finds the entry of an actual endpoint: by its address, else by the wildcard of its family.
 * actual->proto may be PROTO_ANY. Fills in only asked, actual and since of *e.
 */
enum registry_answer registry_by_actual(const struct registry *r, uint64_t netns,
                                        const struct endpoint *actual, struct registry_entry *e);

/*
 * Returns the asked port that registry_by_actual finds for an address of AF_INET or AF_INET6 of
 * full length, if only one entry has the port and the address is not changed, else 0.
 */
uint16_t registry_quick_port(const struct registry *r, uint64_t netns, const struct sockaddr *sa);

/* Returns false if no entry has this actual port. True may be wrong; see registry_has_port. */
bool registry_may_have(const struct registry *r, uint64_t netns, uint16_t port);

/* Returns whether there ever was an entry of this asked port, in any namespace. */
bool registry_has_asked(const struct registry *r, uint16_t port);

/* Returns a number that changes whenever a new or different entry is put. */
uint32_t registry_newest(const struct registry *r);

/* A walk over entries. It begins with all zeros. */
struct registry_walk {
    uint64_t ports;
    unsigned step;
    bool is_begun, is_whole;
};

/* Finds the next entry of an asked port, of any protocol and address. */
bool registry_next_asked(const struct registry *r, uint64_t netns, uint16_t port,
                         struct registry_walk *w, struct registry_entry *e);

/* Finds the next entry of any namespace. */
bool registry_next(const struct registry *r, struct registry_walk *w, struct registry_entry *e);

/*
 * Finds the entry whose actual port wanted->asked must get too, in wanted->netns: the newest that
 * conflicts with it, else the newest of that port. *in_way is whether it conflicts.
 */
bool registry_by_asked(const struct registry *r, const struct registry_entry *wanted,
                       struct registry_entry *e, bool *in_way);

/* Finds an entry whose actual endpoint conflicts with `actual`, of any family. */
bool registry_in_way(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                     struct registry_entry *e);

/* Returns whether an entry has this actual port. */
bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port);

#endif

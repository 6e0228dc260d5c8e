/* The asked and actual endpoints of remapped sockets, in memory that processes share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "registry/ports.h"

enum engine {
    ENGINE_PRELOAD,
    ENGINE_NOTIFY,
};

enum { REGISTRY_INODES = 8 };

/*
 * One bind: the asked endpoint, and the one that the kernel has. Both have the protocol of the
 * socket. A socket that has its asked endpoint is recorded only beside others of its port; both
 * endpoints are then equal.
 */
struct registry_entry {
    struct endpoint asked;
    struct endpoint actual;
    uint64_t netns;         /* see linux/netns.h */
    uint32_t pid;           /* the process that bound it, or 0 */
    uint32_t pid_namespace; /* the inode of /proc/self/ns/pid, or 0; not read back */
    char program[16];       /* TASK_COMM_LEN, NUL-terminated */
    bool v6only;            /* IPV6_V6ONLY (ipv6(7)), if there was a choice of ports */
    bool is_dropped;        /* no packet reaches the socket: clients do not go there */
    bool is_adopted;        /* the socket is one that the service manager passed */
    enum engine engine;
    uint32_t inode[REGISTRY_INODES]; /* the known sockets, in sockfs; then zeros */
    /* registry_put fills in: */
    uint32_t uid;   /* the effective user of the writer */
    uint32_t since; /* seconds since the epoch */
    uint32_t order; /* increases with each record */
};

/*
 * Returns a new registry in memory that is shared with later children of fork(2), or NULL
 * with errno. It belongs to the process until its end, or until registry_destroy.
 */
struct registry *registry_create(void);

/*
 * Returns the registry in the file `fd`, which becomes one if it is empty, or NULL with errno:
 * EINVAL if it is a registry of another version, or another file, which is not changed. Any
 * contents are safe to read. The descriptor belongs to the caller; it may be closed.
 */
struct registry *registry_map(int fd);

/* Returns how large the file of a registry is, in bytes. */
size_t registry_size(void);

/* Returns a number that was drawn when the registry was made. */
uint64_t registry_identity(const struct registry *r);

void registry_destroy(struct registry *r);

enum registry_put {
    REGISTRY_PUT,
    REGISTRY_FULL,
};

/*
 * Records a socket that was bound. The record replaces one of the same actual endpoint. If its port
 * has other records, or there is no room, those whose sockets are closed are removed, and never
 * one of an open socket. Safe in signal handlers, and beside readers and writers in other
 * threads and processes. Changes errno.
 */
enum registry_put registry_put(struct registry *r, const struct registry_entry *e);

/*
 * Counts a socket that was bound to `port` without being remapped. Returns true if the port may
 * have records: if registry_has_port confirms that, the socket must be recorded, too.
 */
bool registry_count_passed(struct registry *r, uint16_t port);

/*
 * Adds the inode of a socket to the record of its actual endpoint, whose protocol must be set.
 * Returns false if there is no record.
 */
bool registry_add_inode(struct registry *r, uint64_t netns, const struct endpoint *actual,
                        uint32_t inode);

/*
 * Compares the records of an actual port, or of all ports if that is 0, with the sockets that the
 * kernel lists. Removes the records of closed sockets, and records counted ones. Returns false if
 * the kernel cannot be asked: without sock_diag(7), and about another network namespace. Takes some
 * hundred microseconds, and longer for all ports. Keeps errno.
 */
bool registry_settle(struct registry *r, uint64_t netns, uint16_t port);

/* Returns whether the entry lists all its sockets of TCP. It has room for a few. */
bool registry_knows_sockets(const struct registry_entry *e);

/* Returns whether the entry lists this socket. */
bool registry_knows_socket(const struct registry_entry *e, uint32_t inode);

/*
 * The look-ups below are within one network namespace. They take no lock and make no system
 * call. If they find nothing, *e is untouched.
 */

enum registry_answer {
    REGISTRY_UNKNOWN,
    REGISTRY_KNOWN,
    REGISTRY_NEEDS_PROTO, /* the answer depends on the protocol, or on registry_settle */
};

/*
 * Finds the entry of an actual endpoint: by its address, else by the wildcard of its family.
 * actual->proto may be PROTO_ANY. Fills in only asked, actual and since of *e.
 */
enum registry_answer registry_by_actual(const struct registry *r, uint64_t netns,
                                        const struct endpoint *actual, struct registry_entry *e);

/*
 * Returns the asked port that registry_by_actual finds for an address of AF_INET or AF_INET6 of
 * full length, or 0 if it needs the protocol, or the address is changed too.
 */
uint16_t registry_quick_port(const struct registry *r, uint64_t netns, const struct sockaddr *sa);

/* A walk over entries. It begins with all zeros. */
struct registry_walk {
    unsigned step;
};

/* Finds the next entry of an asked port, of any protocol and address. */
bool registry_next_asked(const struct registry *r, uint64_t netns, uint16_t port,
                         struct registry_walk *w, struct registry_entry *e);

/* Finds the next entry of any namespace. */
bool registry_next(const struct registry *r, struct registry_walk *w, struct registry_entry *e);

/*
 * Finds the entry whose actual port wanted->asked must get too, in wanted->netns: the newest that
 * conflicts with it, else the newest of that port. *in_way is whether it conflicts. Entries of passed
 * sockets do not count.
 */
bool registry_by_asked(const struct registry *r, const struct registry_entry *wanted,
                       struct registry_entry *e, bool *in_way);

/* Finds an entry whose actual endpoint conflicts with `actual`, of any family. */
bool registry_in_way(const struct registry *r, uint64_t netns, const struct endpoint *actual,
                     struct registry_entry *e);

/* Returns whether an entry has this actual port. */
bool registry_has_port(const struct registry *r, uint64_t netns, uint16_t port);

/* Which process has a port, read from procfs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/endpoint.h"
#include "core/text.h"
#include "linux/procfs.h"

/* A socket and a process that has it. `pid` is 0, and `program` empty, if none can be seen. */
struct port_owner {
    uint32_t inode;
    uint32_t uid; /* of the socket */
    pid_t first;  /* the process to look at first; 0 is this one */
    pid_t pid;
    char program[PROCFS_NAME_MAX];
};

/* A line of /proc/PID/net/tcp and its kin. `state` is one of the kernel's (net/tcp_states.h). */
struct port_owner_line {
    struct addr addr;
    uint16_t port;
    unsigned state;
    uint32_t uid;
    uint32_t inode;
};

/* Reads such a line, of a socket of `family`. Returns false if it is anything else, as the heading. */
bool port_owner_parse(struct span line, uint8_t family, struct port_owner_line *l);

/*
 * Finds a socket that has `actual`, or an endpoint that overlaps it, in the network namespace of
 * the process `viewer`, or of this thread if that is 0. Fills in inode and uid, and has `viewer`
 * looked at first. Returns false, and leaves *owner alone, if none can be seen: Linux does not list
 * TCP sockets that are bound but do not listen.
 */
bool port_owner_find_socket(pid_t viewer, const struct endpoint *actual, struct port_owner *owner);

/*
 * Fills in a process of each of `count` sockets, which are sorted by inode and have none so far:
 * `first` if that has the socket, else the first one in /proc that has it and can be looked into.
 */
void port_owner_find_processes(struct port_owner *owners, size_t count);

/* Appends "nginx (pid 123)", or "another process (uid 1000)" if no process can be seen. */
void port_owner_format(const struct port_owner *owner, struct text *out);

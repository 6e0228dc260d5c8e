/* Who has a port: read from /proc, for the line that says why a bind failed. */
#ifndef LINUX_PORT_OWNER_H
#define LINUX_PORT_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/endpoint.h"

/* `pid` is 0, and `program` empty, where the process is not to be seen. */
struct port_owner {
    uint64_t inode;
    uid_t uid;
    pid_t pid;
    char program[16];
};

/*
 * Finds a socket that has `actual` or an endpoint that overlaps it. False, with *h
 * untouched, where none is to be seen: Linux does not list TCP sockets that are
 * bound but do not listen.
 */
bool port_owner_find_socket(const struct endpoint *actual, struct port_owner *h);

/*
 * Fills in the process that has the socket h->inode: this one if it is, else the first
 * that may be looked at.
 */
void port_owner_find_process(struct port_owner *h);

/* Reads the name of a process (/proc/PID/comm, proc(5)); "" where there is none. */
void port_owner_read_program(pid_t pid, char program[16]);

#endif

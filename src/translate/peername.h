/* Names of peers on their way back from the kernel, actual to asked. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * Each does what the system call of its name does (getpeername(2), accept(2)); of the options of
 * getsockopt(2), this is about SO_PEERNAME and SO_DOMAIN. A peer on this host gets the name that it
 * asked for. Peers on other hosts keep theirs.
 */
int peername_get(int fd, struct sockaddr *addr, socklen_t *len);
int peername_option(int fd, int level, int option, void *value, socklen_t *len);
int peername_accept(int fd, struct sockaddr *addr, socklen_t *len);
int peername_accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags);

/* The same for what a 32-bit program with times of 64 bits calls. */
int peername_option64(int fd, int level, int option, void *value, socklen_t *len);

/*
 * Translates the whole name of a peer of `fd`, or of a sender to it, in place. Returns false if it stays
 * as it is. Keeps errno.
 */
bool peername_translate(int fd, struct sockaddr *name, socklen_t len);

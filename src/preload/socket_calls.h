/* The socket calls whose handlers are not in translate. */
#pragma once

#include <netinet/in.h>

/* socket(2). Remembers whether any socket was made that has no ports. */
int socket_calls_socket(int domain, int type, int protocol);

/*
 * listen(2). First records the socket's inode with its actual endpoint: a client in the tree
 * tells it from another program's listener by that.
 */
int socket_calls_listen(int fd, int backlog);

/*
 * bindresvport(3): binds to a reserved port, 512 to 1023, of the address in *name, or of the
 * wildcard address if `name` is NULL. Writes the port to *name. Returns -1 with errno
 * EAFNOSUPPORT if the address is not IPv4 (as glibc; the manual says EPFNOSUPPORT), else as
 * bind(2).
 */
int socket_calls_bindresvport(int fd, struct sockaddr_in *name);

/*
 * rresvport_af(3): returns a new stream socket, bound to the reserved port *port or to the
 * first available one below it, and writes that to *port. Returns -1 with errno EAGAIN if no
 * port is available, EAFNOSUPPORT if the family is not IPv4 or IPv6, else as socket(2) and
 * bind(2). rresvport is the same for IPv4.
 */
int socket_calls_rresvport_af(int *port, sa_family_t family);
int socket_calls_rresvport(int *port);

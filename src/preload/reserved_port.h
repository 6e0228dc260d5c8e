/* bindresvport(3) and rcmd(3)'s rresvport: glibc binds in them where nobody can stand in front. */
#ifndef PRELOAD_RESERVED_PORT_H
#define PRELOAD_RESERVED_PORT_H

#include <netinet/in.h>

/*
 * bindresvport(3): binds to a reserved port, 512 to 1023, of the address in *name, or
 * of any where that is NULL; leaves the port in *name. -1 with errno: EAFNOSUPPORT where
 * the address is not of IPv4 (glibc says so, the manual EPFNOSUPPORT), else as bind(2).
 */
int reserved_port_bind(int fd, struct sockaddr_in *name);

/*
 * rresvport_af(3): a new stream socket that is bound to a reserved port, the one in
 * *port or the first below it that is free; leaves it in *port. -1 with errno: EAGAIN
 * where none is free, EAFNOSUPPORT, or as socket(2) and bind(2).
 */
int reserved_port_socket(int *port, sa_family_t family);

#endif

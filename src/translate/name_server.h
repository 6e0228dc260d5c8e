/* Name servers of resolv.conf(5) that run in the tree. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "core/endpoint.h"

/*
 * Returns true if a server in the tree may have asked for the port of name servers. As for connect(2),
 * the program's own table need not have it. Makes no registry. Changes errno.
 */
bool name_server_may_run(void);

/*
 * Returns true if a name server with this address is elsewhere, as connect_socket() decides, and
 * leaves that address, of the same length, in *to. Changes errno.
 */
bool name_server_find(enum proto proto, const struct sockaddr *addr, socklen_t len,
                      struct sockaddr_storage *to);

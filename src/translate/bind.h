/* bind(2): addresses on their way to the kernel, asked to actual. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/* bind(2), to the endpoint that the table maps the asked one to. */
int bind_socket(int fd, const struct sockaddr *addr, socklen_t len);

/*
 * The same for a caller that tries port after port: EADDRINUSE is not reported. The address
 * must be readable.
 */
int bind_try(int fd, const struct sockaddr *addr, socklen_t len)
    __attribute__((warn_unused_result));

/*
 * Returns true if the kernel may carry out the bind instead of bind_socket(), which would
 * not map, report or record it. The address must be readable.
 */
bool bind_is_unmapped(const struct sockaddr *addr, socklen_t len);

/* The numbers of network namespaces (network_namespaces(7)). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Returns a number for a socket's network namespace, which no later one has: its cookie
 * (SO_NETNS_COOKIE, Linux 5.14), else a number of the namespace that the thread `tid` is in, 0 for
 * this one. Returns 0 if `fd` is not a socket. Changes errno.
 */
uint64_t netns_of_socket(int fd, pid_t tid);

/*
 * Returns the number of this process's network namespace, or 0 if it is not known. It is asked for
 * once: a process that changes its namespace keeps the number that it had. Changes errno.
 */
uint64_t netns_own(void);

/*
 * Returns whether this process is in the network namespace `netns`: only then can the kernel be
 * asked about it. True also if either number is not known. Changes errno.
 */
bool netns_is_own(uint64_t netns);

/* The number of a network namespace, as the registry has it. */
#ifndef LINUX_NETNS_H
#define LINUX_NETNS_H

#include <stdint.h>

/*
 * A number for a socket's network namespace: its cookie (SO_NETNS_COOKIE, Linux
 * 5.14), which no later namespace has, else the inode of this process's; 0 where `fd` is
 * no socket. Changes errno.
 */
uint64_t netns_of_socket(int fd);

#endif

/*
 * What the program itself may do. The supervisor may be root, and act for a program that
 * has given up its rights: what it does on that one's socket must not be more.
 */
#ifndef NOTIFY_RIGHTS_H
#define NOTIFY_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* For the supervisor, before the first question: whether there is any difference. */
void rights_start(void);

/*
 * Whether the kernel would let the thread bind a port, by CAP_NET_BIND_SERVICE and
 * net.ipv4.ip_unprivileged_port_start (ip(7), capabilities(7)). `is_elsewhere` says that the
 * socket is of another network namespace than the supervisor's.
 */
bool rights_to_bind(pid_t tid, uint16_t port, bool is_elsewhere);

#endif

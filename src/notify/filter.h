/* Which system calls of a tree are stopped: the filter, made by libseccomp. */
#ifndef NOTIFY_FILTER_H
#define NOTIFY_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What it stops, on every architecture that the machine runs: bind, connect, getsockname
 * and getpeername; with `datagrams`, sendto with an address too. i386 has them also as
 * socketcall(2). Programs of x32 get ENOSYS for all they call.
 */
struct filter {
    struct sock_fprog program; /* malloc'ed */
};

/* Makes one. 0, or a negative errno with *f untouched. */
int filter_make(struct filter *f, bool datagrams);
void filter_free(struct filter *f);

/*
 * The same as text (seccomp_export_pfc(3)) for an architecture (seccomp_arch_add(3)) with
 * those that its machines run beside it, written to `fd`. 0, or a negative errno.
 */
int filter_print(uint32_t arch, bool datagrams, int fd);

/*
 * Puts the filter on this thread, for good, and sets PR_SET_NO_NEW_PRIVS unless
 * the kernel does without (seccomp(2)). The descriptor that stopped calls are read from,
 * which is closed by execve(2); or -1 with errno: EBUSY in a tree that has one already.
 */
int filter_install(const struct filter *f);

#endif

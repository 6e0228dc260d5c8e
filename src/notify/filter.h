/* The filter that stops system calls, made by libseccomp. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* What the headers of older systems lack. Linux 5.19: only SIGKILL interrupts a received call. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#ifndef SECCOMP_IOCTL_NOTIF_ADDFD
#define SECCOMP_IOCTL_NOTIF_ADDFD SECCOMP_IOW(3, char[24])
#endif

/* Linux 6.6: the thread and the supervisor wake each other on one processor. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/*
 * Makes a filter. It stops the calls of handler_table, on every architecture that the machine
 * runs; those with an address only if `datagrams` is set. Programs of x32 get ENOSYS for every
 * call. Returns 0, or a negative errno with *f unchanged. Free it with filter_free.
 */
int filter_make(struct sock_fprog *f, bool datagrams) __attribute__((warn_unused_result));
void filter_free(struct sock_fprog *f);

/*
 * Makes the rules of a context that has none, or is NULL, for an architecture (seccomp_arch_add(3))
 * and those that its machines run as well. Returns 0 or a negative errno.
 */
int filter_set_up(scmp_filter_ctx context, uint32_t arch, bool datagrams)
    __attribute__((warn_unused_result));

/* Returns whether no process has the filter of the listener any more. */
bool filter_is_unused(int listener);

/*
 * Returns whether a listener reports POLLHUP when no process has its filter any more: Linux 5.9, which is
 * the first that the engine works on.
 */
bool filter_hangs_up(int listener);

/*
 * Returns whether the kernel knows SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: a signal does not end a call that the
 * supervisor has received.
 */
bool filter_waits_killable(void);

/*
 * Installs the filter on this thread, for good. Sets PR_SET_NO_NEW_PRIVS if the kernel requires
 * it (seccomp(2)). Returns the listener, which execve(2) closes; or -1 with errno: EBUSY if this
 * tree already has one.
 */
int filter_install(const struct sock_fprog *f) __attribute__((warn_unused_result));

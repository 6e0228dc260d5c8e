/* What the kernel has, and the headers of older systems do not. */
#ifndef NOTIFY_UAPI_H
#define NOTIFY_UAPI_H

#include <fcntl.h>
#include <linux/seccomp.h>

/* Linux 5.19: a stopped call that was taken is interrupted by no lesser signal than SIGKILL. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Linux 6.6: the thread and who answers it wake each other up on one processor. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* Linux 6.9: a pidfd of a thread alone. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

#endif

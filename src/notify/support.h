/* Whether the notify engine can be had here: found out by trying. */
#ifndef NOTIFY_SUPPORT_H
#define NOTIFY_SUPPORT_H

#include <stdbool.h>

#include "core/text.h"

/* What is missing: the first of these that is. */
enum support_lack {
    SUPPORT_COMPLETE, /* nothing */
    SUPPORT_NO_PROCESS,
    SUPPORT_NO_SECCOMP,
    SUPPORT_NO_NOTIFICATION,
    SUPPORT_NO_NEW_PRIVS,
    SUPPORT_NO_LISTENER,
    SUPPORT_TAKEN, /* a listener has this tree already */
    SUPPORT_NO_PIDFD_OPEN,
    SUPPORT_NO_PIDFD_GETFD,
    SUPPORT_NO_READ,  /* process_vm_readv */
    SUPPORT_NO_WRITE, /* process_vm_writev */
};

struct support {
    enum support_lack lack;
    int error;          /* errno of what failed; 0 where it was killed, or did not answer */
    int yama;           /* kernel.yama.ptrace_scope; -1 where there is no Yama */
    bool wait_killable; /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19 */
    bool sync_wake_up;  /* SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6: four times as fast */
};

/*
 * Does in children of its own what the engine does: a filter with a listener, pidfd_getfd(2),
 * process_vm_readv(2) and process_vm_writev(2). Takes about a millisecond, ten seconds at most, and
 * leaves neither children nor descriptors. True if nothing is missing; *s is filled in anyhow.
 * `sync_wake_up` is known only then.
 */
bool support_find(struct support *s);

/* Each appends what is missing, and the way out; nothing where nothing is. */
void support_text(const struct support *s, struct text *t);
void support_way_out(const struct support *s, struct text *t);

#endif

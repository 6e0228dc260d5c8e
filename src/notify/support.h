/* Whether the notify engine can be used here: found out by trying. */
#pragma once

#include <stdbool.h>

#include "core/text.h"

/* What is missing, in the order in which it is tried. */
enum support_lack {
    SUPPORT_COMPLETE, /* nothing */
    SUPPORT_NO_PROCESS,
    SUPPORT_NO_SECCOMP,
    SUPPORT_NO_NOTIFICATION,
    SUPPORT_NO_NEW_PRIVS,
    SUPPORT_NO_LISTENER,
    SUPPORT_TAKEN, /* this tree already has a listener */
    SUPPORT_NO_PIDFD_OPEN,
    SUPPORT_NO_PIDFD_GETFD,
    SUPPORT_NO_HANG_UP, /* the listener does not report its end: filter_hangs_up() */
    SUPPORT_NO_READ,    /* process_vm_readv */
    SUPPORT_NO_WRITE,   /* process_vm_writev */
};

struct support {
    enum support_lack lack;
    int error;          /* errno of what failed; 0 if it was killed, or timed out */
    int yama;           /* kernel.yama.ptrace_scope; -1 if there is no Yama */
    bool wait_killable; /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19 */
    bool sync_wake_up;  /* SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, Linux 6.6; known if complete */
};

/*
 * Does in child processes what the engine does: installs a filter with a listener, duplicates a
 * descriptor, and copies memory. Takes about a millisecond, and ten seconds at most. Leaves no
 * children and no descriptors. Returns whether nothing is missing; fills *s in either case.
 */
bool support_find(struct support *s);

/* Append what is missing, and the remedy; nothing if nothing is missing. */
void support_text(const struct support *s, struct text *t);
void support_way_out(const struct support *s, struct text *t);

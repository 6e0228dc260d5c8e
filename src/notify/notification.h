/* A system call that is stopped: what it is, the memory and the socket it is about, its answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { NOTIFICATION_ARGUMENTS = 6 };

struct notification {
    int listener;
    uint64_t id;
    pid_t tid;     /* in our pid namespace; 0 if it is not in it */
    uint32_t arch; /* AUDIT_ARCH_* */
    int number;    /* of the call, on that architecture */
    uint64_t argument[NOTIFICATION_ARGUMENTS];
    int fd;               /* the duplicate of its socket, or -1 */
    bool is_denied;       /* we may not access the process (EPERM) */
    void (*denied)(void); /* is then called before the answer, with which the program may end */
    bool is_made;         /* it must not be made once more: see notify/repeat.h */
};

/* The supervisor calls it before the functions below. */
void notification_start(void);

/*
 * Receives the next stopped call of the listener. False with errno if there is none:
 * ENOENT if its thread has ended.
 */
bool notification_receive(struct notification *n, int listener) __attribute__((warn_unused_result));

/*
 * Whether the thread is still in this call (SECCOMP_IOCTL_NOTIF_ID_VALID). Then what was asked about
 * it before is true of it.
 */
bool notification_is_valid(const struct notification *n) __attribute__((warn_unused_result));

/*
 * Copies memory of the thread. False if the thread has ended, or the address is bad. It may be the
 * memory of another thread unless the call is valid afterwards.
 */
bool notification_read(struct notification *n, uint64_t address, void *buf, size_t size)
    __attribute__((warn_unused_result));

/*
 * The same for the address that is argument `i`, and whose size is the next one. False, too, if the
 * kernel would refuse it unread.
 */
bool notification_read_name(struct notification *n, int i, struct sockaddr_storage *name,
                            socklen_t *len) __attribute__((warn_unused_result));

/*
 * Opens a duplicate of the socket that is the first argument. False with errno as process_get_fd.
 * It may be a socket of another program unless the call is valid afterwards.
 * It is closed before the call is answered, so that the program's own close(2) closes the socket.
 */
bool notification_open_socket(struct notification *n) __attribute__((warn_unused_result));

/*
 * Each answers the call. The kernel carries it out unchanged; or it returns `result`, and fails
 * with errno if that is negative. A thread that has ended in between is not an error.
 */
void notification_continue(struct notification *n);
void notification_return(struct notification *n, long result);

/*
 * Answers getsockname(2) and its kin with a name: writes as much of it as there is room for, and
 * then its length, as the kernel does (move_addr_to_user).
 */
void notification_return_name(struct notification *n, struct sockaddr_storage *name, socklen_t len);

/* A system call that is stopped: what it is, the memory and descriptors it is about, and its end. */
#ifndef NOTIFY_NOTIFICATION_H
#define NOTIFY_NOTIFICATION_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum notification_call {
    NOTIFICATION_BIND,
    NOTIFICATION_CONNECT,
    NOTIFICATION_GETSOCKNAME,
    NOTIFICATION_GETPEERNAME,
    NOTIFICATION_SENDTO,
    NOTIFICATION_OTHER, /* which is continued */
};

struct notification {
    int listener;
    uint64_t id; /* of the notification */
    pid_t tid;   /* in our pid namespace; 0 where it is not in it */
    enum notification_call call;
    uint64_t argument[6];
    int fd;         /* the duplicate of its socket, or -1 */
    bool is_denied; /* the process does not let us look into it (EPERM) */
    bool is_fresh;  /* it was taken just now, and so is valid */
};

/* What is to be written somewhere: no more than NOTIFICATION_PARTS at a time. */
enum { NOTIFICATION_PARTS = 2 };
struct notification_part {
    uint64_t address;
    const void *buf;
    size_t size;
};

/*
 * Takes the next stopped call from the listener. False with errno where there is none:
 * ENOENT where its thread has ended by now.
 */
bool notification_take(struct notification *s, int listener);

/* Whether the thread still waits in this call (SECCOMP_IOCTL_NOTIF_ID_VALID). */
bool notification_is_valid(const struct notification *s);

/*
 * Copies memory of the thread, and false where that cannot be: the thread has ended,
 * or the address is bad. Both look before and after whether the thread still waits in
 * this call, so that the memory is that of no other.
 */
bool notification_read(struct notification *s, uint64_t address, void *buf, size_t size);
bool notification_write(const struct notification *s, const struct notification_part *parts,
                        size_t count);

/*
 * A duplicate of the socket that the call is about, as process_get_fd. It is closed before
 * the call ends, so that the program's own close(2) closes the socket.
 */
int notification_socket(struct notification *s);

/* Reads an address that is given to the kernel. False where the kernel would refuse it unread. */
bool notification_read_name(struct notification *s, uint64_t address, uint64_t len,
                            struct sockaddr_storage *name);

/*
 * Each ends the call: the kernel carries it out as it was made; or it returns `result`; or
 * it fails with `error`, an errno. A thread that has ended in between is no failure.
 */
void notification_continue(struct notification *s);
void notification_return(struct notification *s, long result);
void notification_fail(struct notification *s, int error);

#endif

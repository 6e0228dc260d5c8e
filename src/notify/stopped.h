/* A system call that is stopped: what it is, the memory and descriptors it is about, and its end. */
#ifndef NOTIFY_STOPPED_H
#define NOTIFY_STOPPED_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum stopped_call {
    STOPPED_BIND,
    STOPPED_CONNECT,
    STOPPED_GETSOCKNAME,
    STOPPED_GETPEERNAME,
    STOPPED_SENDTO,
    STOPPED_OTHER, /* which is continued */
};

struct stopped {
    int listener;
    uint64_t id; /* of the notification */
    pid_t tid;   /* in our pid namespace; 0 where it is not in it */
    enum stopped_call call;
    uint64_t argument[6];
    int fd;         /* the duplicate of its socket, or -1 */
    bool is_denied; /* the process does not let us look into it (EPERM) */
    bool is_fresh;  /* it was taken just now, and so is valid */
};

/* What is to be written somewhere: no more than STOPPED_PARTS at a time. */
enum { STOPPED_PARTS = 2 };
struct stopped_part {
    uint64_t address;
    const void *buf;
    size_t size;
};

/*
 * Takes the next stopped call from the listener. False with errno where there is none:
 * ENOENT where its thread has ended by now.
 */
bool stopped_take(struct stopped *s, int listener);

/* Whether the thread still waits in this call (SECCOMP_IOCTL_NOTIF_ID_VALID). */
bool stopped_is_valid(const struct stopped *s);

/*
 * Copies memory of the thread, and false where that cannot be: the thread has ended,
 * or the address is bad. Both look before and after whether the thread still waits in
 * this call, so that the memory is that of no other.
 */
bool stopped_read(struct stopped *s, uint64_t address, void *buf, size_t size);
bool stopped_write(const struct stopped *s, const struct stopped_part *parts, size_t count);

/*
 * A duplicate of the socket that the call is about, as process_get_fd. It is closed before
 * the call ends, so that the program's own close(2) closes the socket.
 */
int stopped_socket(struct stopped *s);

/* Reads an address that is given to the kernel. False where the kernel would refuse it unread. */
bool stopped_read_name(struct stopped *s, uint64_t address, uint64_t len,
                       struct sockaddr_storage *name);

/*
 * Each ends the call: the kernel carries it out as it was made; or it returns `result`; or
 * it fails with `error`, an errno. A thread that has ended in between is no failure.
 */
void stopped_continue(struct stopped *s);
void stopped_return(struct stopped *s, long result);
void stopped_fail(struct stopped *s, int error);

#endif

#include "translate/sender.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "core/hot.h"
#include "linux/user_memory.h"
#include "translate/next.h"
#include "translate/peername.h"
#include "translate/sockname.h"

/*
 * A sender's name that did not fit cannot be asked for again. If its port fitted, that is
 * translated as the port of a loopback address.
 */
COLD static void translate_part(int fd, void *name, socklen_t room)
{
    struct sockaddr_in in = {.sin_family = AF_UNSPEC};
    const size_t end = offsetof(struct sockaddr_in, sin_port) + sizeof(in.sin_port);
    struct sockaddr_in6 in6 = {.sin6_addr = IN6ADDR_LOOPBACK_INIT};

    if (room < end)
        return;
    memcpy(&in, name, end);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in6.sin6_family = in.sin_family;
    in6.sin6_port = in.sin_port;
    bool is_v6 = in.sin_family == AF_INET6;
    struct sockaddr *sa = is_v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    if (peername_translate(fd, sa, is_v6 ? sizeof(in6) : sizeof(in)))
        memcpy(name, sa, end);
}

HOT static inline void translate_sender(int fd, void *name, socklen_t room, socklen_t len)
{
    if (len > room)
        translate_part(fd, name, room);
    else
        peername_translate(fd, name, len);
}

/*
 * Writes the sender of a datagram. One of IPv6 becomes 0.0.0.0 with the port 0, which nothing can be
 * sent to: an answer to its port would reach a program on this host.
 */
static void write_sender(struct sockaddr_in6 *name, socklen_t size, void *told, socklen_t room,
                         socklen_t *len)
{
    if (size == sizeof(*name) && !IN6_IS_ADDR_V4MAPPED(&name->sin6_addr))
        *name = (struct sockaddr_in6){.sin6_family = name->sin6_family};
    sockname_write_narrow((struct sockaddr *)name, size, told, room, len);
}

/* The name of an IPv6 socket does not fit into the room for one of IPv4, and comes only once. */
COLD static ssize_t recvfrom_narrow(int fd, void *buf, size_t size, int flags,
                                    struct sockaddr *addr, socklen_t *len)
{
    struct sockaddr_in6 name;
    socklen_t full = sizeof(name);
    ssize_t result = next.recvfrom(fd, buf, size, flags, (struct sockaddr *)&name, &full);

    if (result >= 0)
        write_sender(&name, full, addr, *len, len);
    return result;
}

HOT ssize_t sender_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *addr,
                            socklen_t *len)
{
    if (addr == NULL || !user_memory_readable(len, sizeof(*len)))
        return next.recvfrom(fd, buf, size, flags, addr, len);
    socklen_t room = *len;
    ssize_t result = sockname_is_narrowed(fd) ? recvfrom_narrow(fd, buf, size, flags, addr, len)
                                              : next.recvfrom(fd, buf, size, flags, addr, len);
    if (result >= 0)
        translate_sender(fd, addr, room, *len);
    return result;
}

/*
 * What glibc calls if a program asks for more than its buffer holds. musl has no such
 * function, and none of its programs calls sender_recvfrom_chk().
 */
extern void __chk_fail(void) __attribute__((weak, noreturn));

ssize_t sender_recvfrom_chk(int fd, void *buf, size_t size, size_t room, int flags,
                            struct sockaddr *addr, socklen_t *len)
{
    if (size > room && __chk_fail != NULL)
        __chk_fail();
    return sender_recvfrom(fd, buf, size, flags, addr, len);
}

typedef ssize_t receive_function(int fd, struct msghdr *message, int flags);
typedef int receive_many_function(int fd, struct mmsghdr *messages, unsigned count, int flags,
                                  struct timespec *timeout);

/* Returns a copy of the message, with room for the name of an IPv6 socket. */
static struct msghdr widened(const struct msghdr *message, struct sockaddr_in6 *name)
{
    struct msghdr copy = *message;

    if (message->msg_name != NULL) {
        copy.msg_name = name;
        copy.msg_namelen = sizeof(*name);
    }
    return copy;
}

/* Writes what was received with the copy. */
static void narrow(struct msghdr *message, const struct msghdr *copy)
{
    message->msg_controllen = copy->msg_controllen;
    message->msg_flags = copy->msg_flags;
    if (message->msg_name != NULL)
        write_sender(copy->msg_name, copy->msg_namelen, message->msg_name, message->msg_namelen,
                     &message->msg_namelen);
}

COLD static ssize_t receive_narrow(receive_function *function, int fd, struct msghdr *message,
                                   int flags)
{
    struct sockaddr_in6 name;
    struct msghdr copy = widened(message, &name);
    ssize_t result = function(fd, &copy, flags);

    if (result >= 0)
        narrow(message, &copy);
    return result;
}

/* Receives fewer messages than asked for, which is what recvmmsg(2) may do. */
COLD static int receive_many_narrow(receive_many_function *function, int fd,
                                    struct mmsghdr *messages, unsigned count, int flags,
                                    struct timespec *timeout)
{
    enum { AT_ONCE = 16 };
    struct sockaddr_in6 name[AT_ONCE];
    struct mmsghdr copy[AT_ONCE];

    count = count < AT_ONCE ? count : AT_ONCE;
    for (unsigned i = 0; i < count; i++)
        copy[i].msg_hdr = widened(&messages[i].msg_hdr, &name[i]);
    int result = function(fd, copy, count, flags, timeout);
    for (int i = 0; i < result; i++) {
        messages[i].msg_len = copy[i].msg_len;
        narrow(&messages[i].msg_hdr, &copy[i].msg_hdr);
    }
    return result;
}

HOT static inline ssize_t receive(receive_function *function, int fd, struct msghdr *message,
                                  int flags)
{
    if (!user_memory_readable(message, sizeof(*message)))
        return function(fd, message, flags);
    socklen_t room = message->msg_namelen;
    ssize_t result = message->msg_name != NULL && sockname_is_narrowed(fd)
                         ? receive_narrow(function, fd, message, flags)
                         : function(fd, message, flags);
    if (result >= 0 && message->msg_name != NULL)
        translate_sender(fd, message->msg_name, room, message->msg_namelen);
    return result;
}

HOT ssize_t sender_recvmsg(int fd, struct msghdr *message, int flags)
{
    return receive(next.recvmsg, fd, message, flags);
}

static uint8_t room_in_byte(socklen_t room)
{
    return room < UINT8_MAX ? (uint8_t)room : UINT8_MAX;
}

/*
 * The room for each name is read first: the kernel writes the length over it. No name is longer than
 * a byte can say.
 */
static int receive_many(receive_many_function *function, int fd, struct mmsghdr *messages,
                        unsigned count, int flags, struct timespec *timeout)
{
    uint8_t room[UIO_MAXIOV];
    int known = 0, max = count < UIO_MAXIOV ? (int)count : UIO_MAXIOV;

    for (; known < max && user_memory_readable(&messages[known], sizeof(*messages)); known++)
        room[known] = room_in_byte(messages[known].msg_hdr.msg_namelen);
    int result = known == max && sockname_is_narrowed(fd)
                     ? receive_many_narrow(function, fd, messages, (unsigned)max, flags, timeout)
                     : function(fd, messages, count, flags, timeout);
    for (int i = 0; i < result && i < known; i++) {
        struct msghdr *message = &messages[i].msg_hdr;
        if (message->msg_name != NULL)
            translate_sender(fd, message->msg_name, room[i], message->msg_namelen);
    }
    return result;
}

int sender_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout)
{
    return receive_many(next.recvmmsg, fd, messages, count, flags, timeout);
}

/* ---- the same with times of 64 bits, on 32-bit machines ---- */

#if __SIZEOF_LONG__ == 4
ssize_t sender_recvmsg64(int fd, struct msghdr *message, int flags)
{
    return receive(next.__recvmsg64, fd, message, flags);
}

int sender_recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout)
{
    return receive_many(next.__recvmmsg64, fd, messages, count, flags, timeout);
}
#endif

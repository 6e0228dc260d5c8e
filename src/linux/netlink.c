#include "linux/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "linux/sys.h"

/* The kernel writes no larger answers (netlink_recvmsg). Pages that stay empty cost nothing. */
static bool map_buffer(struct netlink *n)
{
    const size_t size = 32768;
    void *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    n->is_mapped = buf != MAP_FAILED;
    n->buf = n->is_mapped ? buf : NULL;
    n->size = n->is_mapped ? size : 0;
    n->error = n->is_mapped ? 0 : errno;
    return n->is_mapped;
}

bool netlink_open(struct netlink *n, int protocol, char *buf, size_t size)
{
    int fd = sys_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

    *n = (struct netlink){.fd = fd, .error = fd < 0 ? errno : 0, .buf = buf, .size = size};
    return fd >= 0 && (buf != NULL || map_buffer(n));
}

void netlink_close(const struct netlink *n)
{
    if (n->fd >= 0)
        sys_close(n->fd);
    if (n->is_mapped)
        munmap(n->buf, n->size);
}

bool netlink_ask(struct netlink *n, const void *message, size_t size)
{
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent =
        sys_sendto(n->fd, message, size, 0, (const struct sockaddr *)&kernel, sizeof(kernel));

    n->error = sent == (ssize_t)size ? 0 : sent < 0 ? errno : EMSGSIZE;
    return n->error == 0;
}

/* The answer to a question waits as soon as that is sent. */
static bool receive(struct netlink *n)
{
    ssize_t size = sys_recvfrom(n->fd, n->buf, n->size, MSG_DONTWAIT | MSG_TRUNC, NULL, NULL);

    n->at = 0;
    n->end = size < 0 ? 0 : (size_t)size;
    if (size > 0 && n->end <= n->size)
        return true;
    n->error = size < 0 ? errno : size == 0 ? EPIPE : EMSGSIZE;
    n->end = 0;
    return false;
}

bool netlink_next(struct netlink *n, uint16_t *type, struct span *payload)
{
    struct nlmsghdr header;

    if (n->at >= n->end && !receive(n))
        return false;
    size_t left = n->end - n->at, size = 0;
    if (left >= sizeof(header)) {
        memcpy(&header, n->buf + n->at, sizeof(header));
        size = header.nlmsg_len;
    }
    if (size < sizeof(header) || size > left) {
        n->error = EBADMSG;
        return false;
    }
    *type = header.nlmsg_type;
    *payload = (struct span){n->buf + n->at + sizeof(header), n->buf + n->at + size};
    n->at += NLMSG_ALIGN(size);
    return true;
}

int netlink_error(struct span payload)
{
    int error = 0; /* the message begins with it, negative */

    if (span_size(payload) >= sizeof(error))
        memcpy(&error, payload.at, sizeof(error));
    return error < 0 && error >= -4095 ? -error : 0;
}

bool netlink_attribute(struct span *attributes, uint16_t *type, struct span *value)
{
    struct nlattr attribute;

    if (span_size(*attributes) < sizeof(attribute))
        return false;
    memcpy(&attribute, attributes->at, sizeof(attribute));
    size_t size = attribute.nla_len;
    if (size < sizeof(attribute) || size > span_size(*attributes))
        return false;
    *type = attribute.nla_type;
    *value = (struct span){attributes->at + sizeof(attribute), attributes->at + size};
    size_t step = (size_t)NLA_ALIGN((int)size);
    attributes->at = step < span_size(*attributes) ? attributes->at + step : attributes->end;
    return true;
}

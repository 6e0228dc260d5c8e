/*
 * The kernel sends from the very address that it sends to only if that address is its own
 * (ip(7); for IPv6, RFC 6724, rule 1). To connect a UDP socket makes it choose, and sends
 * nothing.
 */
#include "translate/local_addr.h"

#include <errno.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/hot.h"
#include "linux/sys.h"
#include "translate/cache.h"
#include "translate/engine.h"

enum { ANY_PORT = 9 }; /* discard; connect(2) takes no 0 */

static bool ask(const struct sockaddr *name, socklen_t len, const struct addr *addr)
{
    struct sockaddr_storage copy, own;
    socklen_t size = sizeof(own);
    struct endpoint from;

    memcpy(&copy, name, len);
    endpoint_set_port((struct sockaddr *)&copy, ANY_PORT);
    int fd = sys_socket(name->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_answered = sys_connect(fd, (struct sockaddr *)&copy, len) == 0 &&
                       sys_getsockname(fd, (struct sockaddr *)&own, &size) == 0 &&
                       endpoint_from_sockaddr(&from, (struct sockaddr *)&own, size);
    sys_close(fd);
    if (!is_answered)
        return false;
    struct addr source = addr_unmapped(&from.addr);
    return addr_equal(&source, addr);
}

HOT bool local_addr_is(const struct sockaddr *name, socklen_t len)
{
    struct endpoint e;
    uint16_t answer;
    int saved = errno;

    if (!endpoint_from_sockaddr(&e, name, len))
        return false;
    struct addr addr = addr_unmapped(&e.addr);
    if (addr_is_wildcard(&addr) || addr_is_loopback(&addr))
        return true;
    if (engine_is_elsewhere()) /* this process does not see the addresses there */
        return false;
    uint64_t key = cache_key('l', &addr, sizeof(addr));
    if (!cache_get(key, &answer)) {
        answer = ask(name, len, &addr);
        cache_put(key, answer);
    }
    errno = saved;
    return answer != 0;
}

/*
 * Of all addresses, the kernel sends from the very address that it sends to only where
 * that is its own (ip(7); for IPv6, RFC 6724, rule 1). Connecting a socket of UDP
 * makes it choose, and sends nothing.
 */
#include "translate/local_addr.h"

#include <errno.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/hot.h"
#include "linux/sys.h"
#include "translate/engine.h"
#include "translate/ttl_cache.h"

enum { SOME_PORT = 9 }; /* discard; connect(2) wants one that is not 0 */

static bool ask(const struct sockaddr *name, socklen_t len, const struct addr *addr)
{
    struct sockaddr_storage copy, own;
    socklen_t size = sizeof(own);
    struct endpoint from;
    static const struct addr same = {.family = AF_UNSPEC};

    memcpy(&copy, name, len);
    endpoint_to_sockaddr(&same, SOME_PORT, (struct sockaddr *)&copy);
    int fd = sys_socket(name->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_local = sys_connect(fd, (struct sockaddr *)&copy, len) == 0 &&
                    sys_getsockname(fd, (struct sockaddr *)&own, &size) == 0 &&
                    endpoint_from_sockaddr(&from, (struct sockaddr *)&own, size);
    sys_close(fd);
    if (!is_local)
        return false;
    struct addr plain = addr_unmapped(&from.addr);
    return addr_equal(&plain, addr);
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
    if (engine_is_elsewhere()) /* whose addresses are not to be known from here */
        return false;
    uint64_t key = ttl_cache_key('l', &addr, sizeof(addr));
    if (!ttl_cache_get(key, &answer)) {
        answer = ask(name, len, &addr);
        ttl_cache_put(key, answer);
    }
    errno = saved;
    return answer != 0;
}

#include "translate/local_addr.h"

#include <errno.h>

#include "core/endpoint.h"
#include "core/hot.h"
#include "linux/netns.h"
#include "translate/cache.h"

HOT bool local_addr_is(uint64_t netns, const struct sockaddr *name, socklen_t len)
{
    struct endpoint e;
    uint16_t answer;
    int saved = errno;

    if (!endpoint_from_sockaddr(&e, name, len))
        return false;
    struct addr addr = addr_unmapped(&e.addr);
    if (addr_is_wildcard(&addr) || addr_is_loopback(&addr))
        return true;
    uint64_t key = cache_key('l' ^ netns, &addr, sizeof(addr));
    if (!cache_get(key, &answer)) {
        answer = netns_is_own(netns) && netns_has_addr(name, len);
        cache_put(key, answer);
    }
    errno = saved;
    return answer != 0;
}

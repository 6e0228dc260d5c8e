#include "preload/next.h"

#include <dlfcn.h>
#include <string.h>

#include "registry/sys.h"

static int (*real_bind)(int, const struct sockaddr *, socklen_t) = sys_bind;
static int (*real_getsockname)(int, struct sockaddr *, socklen_t *) = sys_getsockname;

/*
 * ISO C has no conversion from an object pointer to a function pointer; POSIX has, in
 * dlsym's rationale.
 */
static void resolve(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found != NULL)
        memcpy(function, &found, sizeof(found));
}

void next_resolve(void)
{
    resolve("bind", &real_bind);
    resolve("getsockname", &real_getsockname);
}

int next_bind(int fd, const struct sockaddr *addr, socklen_t len)
{
    return real_bind(fd, addr, len);
}

int next_getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
    return real_getsockname(fd, addr, len);
}

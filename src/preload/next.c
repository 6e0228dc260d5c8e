#include "preload/next.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "preload/bypass.h"
#include "registry/sys.h"

struct next next = {
    .bind = sys_bind,
    .listen = sys_listen,
    .connect = sys_connect,
    .socket = sys_socket,
    .accept = sys_accept,
    .accept4 = sys_accept4,
    .getsockname = sys_getsockname,
    .getpeername = sys_getpeername,
    .sendto = sys_sendto,
    .sendmsg = sys_sendmsg,
    .sendmmsg = sys_sendmmsg,
    .recvfrom = sys_recvfrom,
    .recvmsg = sys_recvmsg,
    .recvmmsg = sys_recvmmsg,
    .syscall = bypass_syscall,
};

static const struct {
    const char *name;
    size_t offset;
} NAMES[] = {
    {"bind", offsetof(struct next, bind)},
    {"listen", offsetof(struct next, listen)},
    {"connect", offsetof(struct next, connect)},
    {"socket", offsetof(struct next, socket)},
    {"accept", offsetof(struct next, accept)},
    {"accept4", offsetof(struct next, accept4)},
    {"getsockname", offsetof(struct next, getsockname)},
    {"getpeername", offsetof(struct next, getpeername)},
    {"sendto", offsetof(struct next, sendto)},
    {"sendmsg", offsetof(struct next, sendmsg)},
    {"sendmmsg", offsetof(struct next, sendmmsg)},
    {"recvfrom", offsetof(struct next, recvfrom)},
    {"recvmsg", offsetof(struct next, recvmsg)},
    {"recvmmsg", offsetof(struct next, recvmmsg)},
    {"syscall", offsetof(struct next, syscall)},
};

/*
 * ISO C has no conversion from an object pointer to a function pointer; POSIX has, in
 * dlsym's rationale.
 */
void next_resolve(void)
{
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        void *found = dlsym(RTLD_NEXT, NAMES[i].name);
        if (found != NULL)
            memcpy((char *)&next + NAMES[i].offset, &found, sizeof(found));
    }
}

#include "preload/real_calls.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "preload/exec.h"
#include "preload/syscall_hook.h"
#include "translate/next.h"

static const struct {
    const char *name;
    void *function;
} NAMES[] = {
    {"bind", &next.bind},
    {"listen", &next.listen},
    {"connect", &next.connect},
    {"socket", &next.socket},
    {"accept", &next.accept},
    {"accept4", &next.accept4},
    {"getsockname", &next.getsockname},
    {"getpeername", &next.getpeername},
    {"sendto", &next.sendto},
    {"sendmsg", &next.sendmsg},
    {"sendmmsg", &next.sendmmsg},
    {"recvfrom", &next.recvfrom},
    {"recvmsg", &next.recvmsg},
    {"recvmmsg", &next.recvmmsg},
    {"syscall", &syscall_hook_next},
    {"execve", &exec_next.execve},
    {"execveat", &exec_next.execveat},
    {"posix_spawn", &exec_next.posix_spawn},
    {"posix_spawnp", &exec_next.posix_spawnp},
};

/*
 * ISO C has no conversion from an object pointer to a function pointer; POSIX has, in
 * dlsym's rationale.
 */
void real_calls_resolve(void)
{
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        void *found = dlsym(RTLD_NEXT, NAMES[i].name);
        if (found != NULL)
            memcpy(NAMES[i].function, &found, sizeof(found));
    }
}

/* The exported functions of calls.def, and the real ones behind them. */
#include "preload/calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/hot.h"
#include "preload/exec.h"
#include "preload/socket_calls.h"
#include "preload/syscall_hook.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/next.h"
#include "translate/peername.h"
#include "translate/shared_registry.h"
#include "translate/sockname.h"

/* ---- the real functions ---- */

/*
 * Writes the real function to *function, and nothing if there is none. ISO C has no
 * conversion from an object pointer to a function pointer; POSIX has, for dlsym.
 */
static void find(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found != NULL)
        memcpy(function, &found, sizeof(found));
}

#ifdef __x86_64__
/* musl has no such function, but its loader can load this library. */
extern __typeof__(dlvsym) dlvsym __attribute__((weak));

/*
 * Before glibc 2.36, dlsym finds the oldest version of a function in libc. Replaces it by the
 * newer version, and returns whether that was necessary.
 */
static bool find_newer(const char *name, void *function)
{
    void *found, *newer;

    memcpy(&found, function, sizeof(found));
    if (dlvsym == NULL || found != dlvsym(RTLD_NEXT, name, "GLIBC_2.2.5"))
        return false;
    newer = dlvsym(RTLD_NEXT, name, "GLIBC_2.15");
    if (newer != NULL)
        memcpy(function, &newer, sizeof(newer));
    return true;
}

/* The older ones hand a file that is not a program to the shell. */
static void find_newer_spawn(void)
{
    if (find_newer("posix_spawn", &exec_next.posix_spawn))
        find_newer("posix_spawnp", &exec_next.posix_spawnp);
}
#else
static void find_newer_spawn(void)
{
}
#endif

void calls_find(void)
{
#define SOCKET_CALL(name, ...) find(#name, &next.name);
#define EXEC_CALL(name, ...) find(#name, &exec_next.name);
#define SPAWN_CALL EXEC_CALL
#define ASSEMBLY_CALL(name) find(#name, &syscall_hook_next);
#include "preload/calls.def"
    find_newer_spawn();
}

/*
 * Opens the registry, and then finds the real function. Few programs call one of these, so
 * the constructor does not look for them.
 */
COLD static void find_late(const char *name, void *function)
{
    shared_registry_get();
    find(name, function);
}

/* ---- the exported functions ---- */

#define EXPORT __attribute__((visibility("default")))

#define DEFINE(name, result, handler, ...)                                                         \
    result name PARAMETERS(__VA_ARGS__)                                                            \
    {                                                                                              \
        return handler ARGUMENTS(__VA_ARGS__);                                                     \
    }
#define SOCKET_CALL(...) EXPORT HOT DEFINE(__VA_ARGS__)
#define HOT_CALL(...) EXPORT HOT DEFINE(__VA_ARGS__)
#define CALL(...) EXPORT COLD DEFINE(__VA_ARGS__)

#define LIST_CALL(name, result, handler, has_environment)                                          \
    EXPORT COLD result name(const char *path, const char *first, ...)                              \
    {                                                                                              \
        va_list rest;                                                                              \
                                                                                                   \
        va_start(rest, first);                                                                     \
        result made = exec_list(handler, path, first, rest, has_environment);                      \
        va_end(rest);                                                                              \
        return made;                                                                               \
    }

#define LATE_CALL(name, result, ...)                                                               \
    EXPORT COLD result name PARAMETERS(__VA_ARGS__)                                                \
    {                                                                                              \
        result (*real)(__VA_ARGS__) = NULL;                                                        \
                                                                                                   \
        find_late(#name, &real);                                                                   \
        if (real != NULL)                                                                          \
            return real ARGUMENTS(__VA_ARGS__);                                                    \
        errno = ENOSYS;                                                                            \
        return -1;                                                                                 \
    }

#define ASSEMBLY_CALL(name)
#include "preload/calls.def"

/* The exported functions of calls.def, and the real ones behind them. */

/* musl declares the flags of these as unsigned, which are passed in the same way. */
#define sendmmsg declared_sendmmsg
#define recvmmsg declared_recvmmsg
#include <sys/socket.h>
#undef sendmmsg
#undef recvmmsg

#include "preload/calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "core/hot.h"
#include "core/parameters.h"
#include "linux/sys.h"
#include "preload/behind.h"
#include "preload/exec.h"
#include "preload/names.h"
#include "preload/sandbox.h"
#include "preload/socket_calls.h"
#include "preload/syscall_entry.h"
#include "translate/bind.h"
#include "translate/connect.h"
#include "translate/next.h"
#include "translate/peername.h"
#include "translate/sender.h"
#include "translate/shared_registry.h"
#include "translate/sockname.h"

/* ---- syscall() ---- */

#ifdef SYSCALL_ENTRY

/*
 * It handles a system call of calls.def as the function of that name, except that it is no
 * cancellation point.
 *
 * Some system calls return twice on one stack, as vfork(2) does. So syscall() must hand on what
 * it does not catch by a jump: a frame of its own would be returned through twice. That takes a
 * few instructions of assembly for each machine (syscall_entry.h). For what it catches it jumps to a C
 * function, which gets the same arguments: both take seven long integers.
 *
 * The assembly uses what is USED by name. gcc -flto would drop or rename it otherwise.
 */
#define USED __attribute__((used))

__asm__(SYSCALL_ENTRY);

COLD static long fail(long result)
{
    errno = (int)-result;
    return -1;
}

/* As libc's syscall(). An optimizing compiler gives it no frame: it ends with its only call. */
static long call_plain(long number, long a, long b, long c, long d, long e, long f)
{
    long result = sys_enter_call(number, a, b, c, d, e, f);

    return (unsigned long)result < (unsigned long)-4095L ? result : fail(result);
}

/* The real syscall(), once it is found. */
USED long (*calls_syscall_next)(long, long, long, long, long, long, long) = call_plain;

/* Whether syscall() catches the system call of each number. */
USED const bool calls_syscall_caught[SYSCALL_NUMBERS + 1] = {
#define SOCKET_CALL(name, ...) [SYS_##name] = true,
#define TIME64_CALL(...)
#define EXEC_CALL(name, ...) [SYS_##name] = true,
#define SYSTEM_CALL EXEC_CALL
#include "preload/calls.def"
};

static long call_socket(int number, long a, long b, long c, long d, long e, long f)
{
    switch (number) {
#define SOCKET_CALL(name, result, handler, ...)                                                    \
    case SYS_##name:                                                                               \
        return handler CASTS(__VA_ARGS__);
#define TIME64_CALL(...)
#include "preload/calls.def"
    }
    return -1;
}

USED long calls_syscall(int number, long a, long b, long c, long d, long e, long f)
{
    int state, ignored, saved = errno;

    if (behind_is_caller())
        return calls_syscall_next(number, a, b, c, d, e, f);
    switch (number) {
#define EXEC_CALL(name, result, handler, ...)                                                      \
    case SYS_##name:                                                                               \
        return handler CASTS(__VA_ARGS__);
#define SYSTEM_CALL EXEC_CALL
#include "preload/calls.def"
    }
    /* Not around exec: a child of vfork(2) would leave its parent's thread not cancellable. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    long result = call_socket(number, a, b, c, d, e, f);
    pthread_setcancelstate(state, &ignored);
    /* libc's function may have tried another call before, and syscall() has no errno of success. */
    if (result >= 0)
        errno = saved;
    return result;
}

long calls_next_syscall(long number, long a, long b, long c)
{
    return calls_syscall_next(number, a, b, c, 0, 0, 0);
}

#else

long calls_next_syscall(long number, long a, long b, long c)
{
    return sys_call(number, a, b, c);
}

#endif

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

/* musl has no such function, but its loader can load this library. */
extern void *dlvsym(void *handle, const char *name, const char *version) __attribute__((weak));

/*
 * Of the functions in calls.def, posix_spawn, posix_spawnp and the look-ups of hosts with a buffer
 * have several versions in glibc, on machines that it supported before 2.15 and 2.1.2. The oldest
 * version is that of the machine's first glibc, or that of the function.
 */
#if defined(__x86_64__) && defined(__LP64__)
#define OLDEST_VERSION "GLIBC_2.2.5"
#elif defined(__arm__)
#define OLDEST_VERSION "GLIBC_2.4"
#else
#define OLDEST_VERSION "GLIBC_2.2"
#endif

/*
 * Before glibc 2.36, dlsym finds the oldest version of a function in libc. Replaces it by the
 * newer version, and returns whether that was necessary.
 */
static bool find_newer(const char *name, const char *oldest, const char *newer, void *function)
{
    void *found;

    memcpy(&found, function, sizeof(found));
    if (dlvsym == NULL || found == NULL || found != dlvsym(RTLD_NEXT, name, oldest))
        return false;
    found = dlvsym(RTLD_NEXT, name, newer);
    if (found != NULL)
        memcpy(function, &found, sizeof(found));
    return true;
}

/* The older ones hand a file that is not a program to the shell. */
static void find_newer_spawn(void)
{
    if (find_newer("posix_spawn", OLDEST_VERSION, "GLIBC_2.15", &exec_next.posix_spawn))
        find_newer("posix_spawnp", OLDEST_VERSION, "GLIBC_2.15", &exec_next.posix_spawnp);
}

/*
 * Before glibc 2.34, libresolv has the functions of the resolver, under names with "__" in front. A
 * module may have brought it along for itself alone. It then stays loaded. dlopen is not imported:
 * that costs every program a look-up.
 */
static void find_in_libresolv(const char *name, void *function)
{
    void *(*open)(const char *, int) = NULL;
    void *library, *found;

    find("dlopen", &open);
    library = open != NULL ? open("libresolv.so.2", RTLD_LAZY | RTLD_NOLOAD) : NULL;
    found = library != NULL ? dlsym(library, name) : NULL;
    if (found != NULL)
        memcpy(function, &found, sizeof(found));
}

COLD void calls_find_late(const char *name, const char *other_name, _Atomic(void *) *known,
                          void *function)
{
    void *found = atomic_load_explicit(known, memory_order_relaxed);
    int saved = errno;

    if (found == NULL) {
        find(name, &found);
        find_newer(name, "GLIBC_2.0", "GLIBC_2.1.2", &found);
        if (found == NULL)
            find(other_name, &found);
        if (found == NULL)
            find_in_libresolv(other_name, &found);
        atomic_store_explicit(known, found, memory_order_relaxed);
    }
    if (found != NULL)
        memcpy(function, &found, sizeof(found));
    errno = saved;
}

bool calls_is_musl(void)
{
    return dlvsym == NULL;
}

void calls_find(void)
{
#define SOCKET_CALL(name, ...) find(#name, &next.name);
#define EXEC_CALL(name, ...) find(#name, &exec_next.name);
#define SPAWN_CALL EXEC_CALL
#ifdef SYSCALL_ENTRY
#define ASSEMBLY_CALL(name) find(#name, &calls_syscall_next);
#endif
#include "preload/calls.def"
    find_newer_spawn();
    behind_watch();
}

/* ---- the exported functions ---- */

#define EXPORT __attribute__((visibility("default")))

#define DEFINE(name, result, handler, ...)                                                         \
    result name PARAMETERS(__VA_ARGS__)                                                            \
    {                                                                                              \
        return handler ARGUMENTS(__VA_ARGS__);                                                     \
    }
#define SPAWN_CALL(name, result, handler, ...)                                                     \
    EXPORT COLD result name PARAMETERS(__VA_ARGS__)                                                \
    {                                                                                              \
        return handler(exec_next.name, PARAMETER_NAMES(__VA_ARGS__));                              \
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

/*
 * Few programs call one of these, so the constructor does not look for the real functions. `before`
 * and `after` are what is done around the real one.
 */
#define DEFINE_LATE(name, result, failure, before, after, ...)                                     \
    EXPORT COLD result name PARAMETERS(__VA_ARGS__)                                                \
    {                                                                                              \
        static _Atomic(void *) known;                                                              \
        result (*real)(__VA_ARGS__) = NULL;                                                        \
                                                                                                   \
        calls_find_late(#name, "__" #name, &known, &real);                                         \
        if (real == NULL) {                                                                        \
            errno = ENOSYS;                                                                        \
            return failure;                                                                        \
        }                                                                                          \
        before;                                                                                    \
        result made = real ARGUMENTS(__VA_ARGS__);                                                 \
        after;                                                                                     \
        return made;                                                                               \
    }
#define LATE_CALL(name, result, ...)                                                               \
    DEFINE_LATE(name, result, -1, shared_registry_get(), (void)0, __VA_ARGS__)
#define DEFINE_NAME(name, result, failure, begin, ...)                                             \
    DEFINE_LATE(name, result, failure, struct names_change change;                                 \
                begin, names_end(&change), __VA_ARGS__)
#define NAME_CALL(name, result, failure, ...)                                                      \
    DEFINE_NAME(name, result, failure, names_begin(&change), __VA_ARGS__)
#define STATE_CALL(name, result, failure, ...)                                                     \
    DEFINE_NAME(name, result, failure, names_begin_state(&change, a), __VA_ARGS__)
#define ALIAS_CALL(name, of) EXPORT COLD extern __typeof(of)(name) __attribute__((alias(#of)));

#define SYSTEM_CALL(...)
#define ASSEMBLY_CALL(name)
#include "preload/calls.def"

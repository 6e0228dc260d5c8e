/*
 * Another preload: it carries out each system call of calls.def by syscall(2), and so calls a
 * library in front of it that has a syscall(), too.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "core/parameters.h"
#include "translate/next.h"

/* Some machines have only the newer one: its flags are the 0 that stands behind the parameters. */
#ifndef SYS_accept
#define SYS_accept SYS_accept4
#endif

#define WRAP(name, result, handler, ...)                                                           \
    result name PARAMETERS(__VA_ARGS__)                                                            \
    {                                                                                              \
        return (result)syscall(SYS_##name, PARAMETER_LONGS(__VA_ARGS__), 0);                       \
    }
#define SOCKET_CALL(...) WRAP(__VA_ARGS__)
#define TIME64_CALL(...)
#define EXEC_CALL(...) WRAP(__VA_ARGS__)
#include "preload/calls.def"

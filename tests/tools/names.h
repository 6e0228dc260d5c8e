/* The names of the errors and signals that tests meet: libc has functions for that only since glibc 2.32. */
#pragma once

#include <errno.h>
#include <signal.h>
#include <stddef.h>

static inline const char *error_name(int error)
{
    switch (error) {
    case 0:
        return "0";
#define NAME(error)                                                                                \
    case error:                                                                                    \
        return #error;
        NAME(EPERM)
        NAME(ENOENT)
        NAME(ESRCH)
        NAME(EINTR)
        NAME(EIO)
        NAME(ENXIO)
        NAME(E2BIG)
        NAME(ENOEXEC)
        NAME(EBADF)
        NAME(ECHILD)
        NAME(EAGAIN)
        NAME(ENOMEM)
        NAME(EACCES)
        NAME(EFAULT)
        NAME(EBUSY)
        NAME(EEXIST)
        NAME(EXDEV)
        NAME(ENODEV)
        NAME(ENOTDIR)
        NAME(EISDIR)
        NAME(EINVAL)
        NAME(ENFILE)
        NAME(EMFILE)
        NAME(ENOTTY)
        NAME(ETXTBSY)
        NAME(EFBIG)
        NAME(ENOSPC)
        NAME(ESPIPE)
        NAME(EROFS)
        NAME(EMLINK)
        NAME(EPIPE)
        NAME(ERANGE)
        NAME(EDEADLK)
        NAME(ENAMETOOLONG)
        NAME(ENOLCK)
        NAME(ENOSYS)
        NAME(ENOTEMPTY)
        NAME(ELOOP)
        NAME(ENONET)
        NAME(EPROTO)
        NAME(EBADMSG)
        NAME(EOVERFLOW)
        NAME(ELIBACC)
        NAME(ELIBBAD)
        NAME(ELIBEXEC)
        NAME(EILSEQ)
        NAME(ENOTSOCK)
        NAME(EDESTADDRREQ)
        NAME(EMSGSIZE)
        NAME(EPROTOTYPE)
        NAME(ENOPROTOOPT)
        NAME(EPROTONOSUPPORT)
        NAME(ESOCKTNOSUPPORT)
        NAME(EOPNOTSUPP)
        NAME(EPFNOSUPPORT)
        NAME(EAFNOSUPPORT)
        NAME(EADDRINUSE)
        NAME(EADDRNOTAVAIL)
        NAME(ENETDOWN)
        NAME(ENETUNREACH)
        NAME(ENETRESET)
        NAME(ECONNABORTED)
        NAME(ECONNRESET)
        NAME(ENOBUFS)
        NAME(EISCONN)
        NAME(ENOTCONN)
        NAME(ESHUTDOWN)
        NAME(ETOOMANYREFS)
        NAME(ETIMEDOUT)
        NAME(ECONNREFUSED)
        NAME(EHOSTDOWN)
        NAME(EHOSTUNREACH)
        NAME(EALREADY)
        NAME(EINPROGRESS)
        NAME(ESTALE)
        NAME(EDQUOT)
        NAME(ECANCELED)
        NAME(EOWNERDEAD)
        NAME(ENOTRECOVERABLE)
#undef NAME
    default:
        return NULL;
    }
}

/* Without its SIG. */
static inline const char *signal_name(int number)
{
    switch (number) {
#define NAME(name)                                                                                 \
    case SIG##name:                                                                                \
        return #name;
        NAME(HUP)
        NAME(INT)
        NAME(QUIT)
        NAME(ILL)
        NAME(TRAP)
        NAME(ABRT)
        NAME(BUS)
        NAME(FPE)
        NAME(KILL)
        NAME(USR1)
        NAME(SEGV)
        NAME(USR2)
        NAME(PIPE)
        NAME(ALRM)
        NAME(TERM)
        NAME(CHLD)
        NAME(CONT)
        NAME(STOP)
        NAME(TSTP)
        NAME(TTIN)
        NAME(TTOU)
        NAME(URG)
        NAME(XCPU)
        NAME(XFSZ)
        NAME(VTALRM)
        NAME(PROF)
        NAME(WINCH)
        NAME(IO)
        NAME(SYS)
#undef NAME
    default:
        return NULL;
    }
}

/* A preload that hands each call on: what any wrapper costs. */
#include <dlfcn.h>
#include <sys/socket.h>

#define FORWARD(RETURNS, NAME, PARAMETERS, ARGUMENTS)                                              \
    RETURNS NAME PARAMETERS                                                                        \
    {                                                                                              \
        return real.NAME ARGUMENTS;                                                                \
    }

static struct {
    __typeof__(bind) *bind;
    __typeof__(connect) *connect;
    __typeof__(getsockname) *getsockname;
    __typeof__(accept) *accept;
    __typeof__(sendto) *sendto;
    __typeof__(recvfrom) *recvfrom;
    __typeof__(setsockopt) *setsockopt;
} real;

#define FIND(NAME) real.NAME = (__typeof__(real.NAME))dlsym(RTLD_NEXT, #NAME)

__attribute__((constructor)) static void find_all(void)
{
    FIND(bind);
    FIND(connect);
    FIND(getsockname);
    FIND(accept);
    FIND(sendto);
    FIND(recvfrom);
    FIND(setsockopt);
}

FORWARD(int, bind, (int fd, const struct sockaddr *addr, socklen_t len), (fd, addr, len))
FORWARD(int, connect, (int fd, const struct sockaddr *addr, socklen_t len), (fd, addr, len))
FORWARD(int, getsockname, (int fd, struct sockaddr *addr, socklen_t *len), (fd, addr, len))
FORWARD(int, accept, (int fd, struct sockaddr *addr, socklen_t *len), (fd, addr, len))
FORWARD(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len),
        (fd, level, name, value, len))
FORWARD(ssize_t, sendto,
        (int fd, const void *buf, size_t size, int flags, const struct sockaddr *to, socklen_t len),
        (fd, buf, size, flags, to, len))
FORWARD(ssize_t, recvfrom,
        (int fd, void *buf, size_t size, int flags, struct sockaddr *from, socklen_t *len),
        (fd, buf, size, flags, from, len))

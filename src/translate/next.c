#include "translate/next.h"

#include "linux/sys.h"

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
};

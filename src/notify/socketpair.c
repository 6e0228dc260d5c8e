#include "notify/socketpair.h"

#include <sys/socket.h>

bool socketpair_make(struct socketpair_ends *e)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    e->ours = pair[0];
    e->theirs = pair[1];
    return true;
}

bool socketpair_send(int to, int number)
{
    return send(to, &number, sizeof(number), MSG_NOSIGNAL) == sizeof(number);
}

bool socketpair_receive(int from, int *number)
{
    return recv(from, number, sizeof(*number), 0) == sizeof(*number);
}

/* A socket that drops what arrives. */
#include "linux/socket.h"

#include <errno.h>
#include <unistd.h>

#include "unit.h"

/* Sends a datagram to a socket of loopback, where it is at once. */
static void send_to(int to)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    int from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(getsockname(to, (struct sockaddr *)&name, &size), 0);
    assert_int_equal(sendto(from, "x", 1, 0, (struct sockaddr *)&name, size), 1);
    close(from);
}

static void has_nothing(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

TEST(shut_drops_earlier_and_later_datagrams)
{
    const struct sockaddr_in loopback = {.sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(0x7f000001)};
    const int unused = 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)), 0);
    send_to(fd);
    send_to(fd);
    assert_true(socket_shut(fd));
    has_nothing(fd);
    send_to(fd);
    has_nothing(fd);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)), -1);
    assert_int_equal(errno, EPERM);
    close(fd);
}

TEST(shut_fails_without_a_socket)
{
    assert_false(socket_shut(-1));
    assert_int_equal(errno, EBADF);
}

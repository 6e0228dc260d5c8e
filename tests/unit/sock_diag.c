/* The kernel's lists of sockets: how its messages are read, also such as it never sends. */
#include "linux/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "linux/netns.h"
#include "linux/socket.h"
#include "unit.h"

/* ---- messages ---- */

/* A list that is read from `fd`, and has no more parts than this one. */
static struct sock_diag_dump dump_from(int fd, enum proto proto, char *buf, size_t size)
{
    return (struct sock_diag_dump){
        .netlink = {.fd = fd, .buf = buf, .size = size}, .proto = proto, .next = 4};
}

/* One answer in the making. */
struct answer {
    char bytes[8192];
    size_t size;
};

static void *add_bytes(struct answer *a, const void *bytes, size_t size)
{
    void *at = memcpy(a->bytes + a->size, bytes, size);
    a->size += (size + 3) & ~(size_t)3;
    return at;
}

/* Adds the beginning of a message. What follows must be added to its length. */
static struct nlmsghdr *add_header(struct answer *a, int type)
{
    const struct nlmsghdr header = {.nlmsg_type = (uint16_t)type, .nlmsg_len = sizeof(header)};
    return add_bytes(a, &header, sizeof(header));
}

static struct nlmsghdr *add_socket(struct answer *a, uint8_t family, uint16_t port, uint8_t state,
                                   uint32_t inode)
{
    struct inet_diag_msg m = {.idiag_family = family,
                              .idiag_state = state,
                              .idiag_uid = 1000,
                              .idiag_inode = inode,
                              .id.idiag_sport = htons(port)};

    m.id.idiag_src[0] = htonl(0x7f000001);
    struct nlmsghdr *header = add_header(a, SOCK_DIAG_BY_FAMILY);
    add_bytes(a, &m, sizeof(m));
    header->nlmsg_len += sizeof(m);
    return header;
}

/* Adds an attribute of one byte, of a length that may be untrue. */
static void add_attribute(struct answer *a, struct nlmsghdr *header, int type, int length,
                          uint8_t value)
{
    const struct nlattr attribute = {.nla_len = (uint16_t)length, .nla_type = (uint16_t)type};

    add_bytes(a, &attribute, sizeof(attribute));
    add_bytes(a, &value, 1);
    header->nlmsg_len += sizeof(attribute) + 4;
}

static void add_end(struct answer *a, int type, int error)
{
    struct nlmsghdr *header = add_header(a, type);
    add_bytes(a, &error, sizeof(error));
    header->nlmsg_len += sizeof(error);
}

static int ends[2]; /* what is sent to the first comes out of the second */

static int open_ends(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends);
}

static int close_ends(void **state)
{
    (void)state;
    close(ends[0]);
    return 0; /* the other is closed by sock_diag_end */
}

static void send_answer(const struct answer *a, size_t size)
{
    assert_int_equal(send(ends[0], a->bytes, size, 0), size);
}

TEST(sockets, .setup_func = open_ends, .teardown_func = close_ends)
{
    struct answer a = {.size = 0};
    struct sock_diag_socket s;
    char buf[4096];

    struct nlmsghdr *header = add_socket(&a, AF_INET, 8080, 10, 31337);
    add_attribute(&a, header, INET_DIAG_SHUTDOWN, 5, 1);
    header = add_socket(&a, AF_INET6, 443, 7, 31338);
    add_attribute(&a, header, INET_DIAG_SHUTDOWN, 5, 1);
    add_attribute(&a, header, INET_DIAG_SKV6ONLY, 5, 1);
    add_attribute(&a, header, INET_DIAG_MARK, 5, 1);
    send_answer(&a, a.size);
    a.size = 0;
    header = add_socket(&a, AF_INET6, 53, 10, 31339);
    add_attribute(&a, header, INET_DIAG_SKV6ONLY, 5, 0);
    add_end(&a, NLMSG_DONE, 0);
    send_answer(&a, a.size);

    struct sock_diag_dump d = dump_from(ends[1], PROTO_TCP, buf, sizeof(buf));
    assert_true(sock_diag_next(&d, &s));
    const struct endpoint first = unit_endpoint("tcp/127.0.0.1:8080");
    assert_memory_equal(&s.local.addr, &first.addr, sizeof(first.addr));
    assert_int_equal(s.local.port, 8080);
    assert_int_equal(s.local.proto, PROTO_TCP);
    assert_int_equal(s.inode, 31337);
    assert_int_equal(s.uid, 1000);
    assert_true(s.listens);
    assert_false(s.v6only);
    assert_true(sock_diag_next(&d, &s));
    assert_int_equal(s.inode, 31338);
    assert_int_equal(s.local.addr.family, AF_INET6);
    assert_false(s.listens);
    assert_true(s.v6only);
    assert_true(sock_diag_next(&d, &s));
    assert_int_equal(s.inode, 31339);
    assert_false(s.v6only);
    assert_false(sock_diag_next(&d, &s));
    assert_false(sock_diag_next(&d, &s));
    assert_true(sock_diag_end(&d));
}

/* UDP listens while it has no peer. */
TEST(udp, .setup_func = open_ends, .teardown_func = close_ends)
{
    struct answer a = {.size = 0};
    struct sock_diag_socket s;
    char buf[4096];

    add_socket(&a, AF_INET, 53, 7, 1);
    add_socket(&a, AF_INET, 53, 1, 2);
    add_end(&a, NLMSG_DONE, 0);
    send_answer(&a, a.size);
    struct sock_diag_dump d = dump_from(ends[1], PROTO_UDP, buf, sizeof(buf));
    assert_true(sock_diag_next(&d, &s));
    assert_true(s.listens);
    assert_true(sock_diag_next(&d, &s));
    assert_false(s.listens);
    assert_true(sock_diag_end(&d));
}

/* Sends `size` bytes of an answer with one good socket in front. The list must fail with `error`. */
static void fails_after_one(const struct answer *a, size_t size, int error)
{
    struct sock_diag_socket s;
    char buf[4096];

    send_answer(a, size);
    struct sock_diag_dump d = dump_from(dup(ends[1]), PROTO_TCP, buf, sizeof(buf));
    assert_true(sock_diag_next(&d, &s));
    assert_false(sock_diag_next(&d, &s));
    assert_false(sock_diag_end(&d));
    assert_int_equal(errno, error);
}

TEST(failures, .setup_func = open_ends, .teardown_func = close_ends)
{
    struct answer good = {.size = 0};
    struct sock_diag_socket s;
    char buf[4096];

    add_socket(&good, AF_INET, 80, 10, 1);
    fails_after_one(&good, good.size, EAGAIN); /* it never ends */

    struct answer a = good;
    add_end(&a, NLMSG_ERROR, -ENOENT);
    fails_after_one(&a, a.size, ENOENT);
    a = good;
    add_end(&a, NLMSG_DONE, -ENOENT);
    fails_after_one(&a, a.size, ENOENT);
    a = good;
    add_end(&a, NLMSG_OVERRUN, 0);
    fails_after_one(&a, a.size, EBADMSG);

    /* Messages that are cut, at any place, and that say an untrue length. */
    a = good;
    struct nlmsghdr *header = add_socket(&a, AF_INET6, 443, 10, 2);
    for (size_t size = good.size + 1; size < a.size; size++)
        fails_after_one(&a, size, EBADMSG);
    uint32_t length = header->nlmsg_len;
    const uint32_t untrue[] = {0,          1,          sizeof(*header) - 1, sizeof(*header),
                               length - 4, length + 4, UINT32_MAX};
    for (size_t i = 0; i < COUNT(untrue); i++) {
        header->nlmsg_len = untrue[i];
        fails_after_one(&a, a.size, EBADMSG);
    }

    /* More than there is room for. */
    send_answer(&good, sizeof(good.bytes));
    struct sock_diag_dump d = dump_from(dup(ends[1]), PROTO_TCP, buf, sizeof(buf));
    assert_false(sock_diag_next(&d, &s));
    assert_false(sock_diag_end(&d));
    assert_int_equal(errno, EMSGSIZE);
    close(ends[1]);
}

/* What stands behind an attribute of an untrue length is not read. */
TEST(attributes, .setup_func = open_ends, .teardown_func = close_ends)
{
    const int lengths[] = {0, 1, 4, 9, 13, UINT16_MAX};
    struct sock_diag_socket s;
    char buf[4096];

    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct answer a = {.size = 0};
        struct nlmsghdr *header = add_socket(&a, AF_INET6, 443, 10, 1);
        add_attribute(&a, header, INET_DIAG_SHUTDOWN, lengths[i], 1);
        add_attribute(&a, header, INET_DIAG_SKV6ONLY, lengths[i], 1);
        send_answer(&a, a.size);
        struct sock_diag_dump d = dump_from(dup(ends[1]), PROTO_TCP, buf, sizeof(buf));
        assert_true(sock_diag_next(&d, &s));
        assert_false(s.v6only);
        assert_true(sock_diag_end(&d));
    }
    close(ends[1]);
}

/* Bytes without sense, which the sanitizers watch. */
TEST(noise, .setup_func = open_ends, .teardown_func = close_ends)
{
    struct answer good = {.size = 0};
    struct sock_diag_socket s;
    char buf[4096];

    for (int i = 0; i < 4; i++)
        add_attribute(&good, add_socket(&good, AF_INET6, 80, 10, 1), INET_DIAG_SKV6ONLY, 5, 1);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        struct answer a = good;
        for (int change = rand() % 8; change >= 0; change--)
            a.bytes[(size_t)rand() % a.size] = (char)rand();
        send_answer(&a, (size_t)rand() % a.size + 1);
        struct sock_diag_dump d = dump_from(dup(ends[1]), PROTO_TCP, buf, sizeof(buf));
        while (sock_diag_next(&d, &s)) {
        }
        sock_diag_end(&d);
    }
    close(ends[1]);
}

/* ---- the kernel ---- */

/* A socket that is bound to an endpoint, of which *e gets the port. */
static int bound_to(const char *text, bool is_v6only, struct endpoint *e)
{
    *e = unit_endpoint(text);
    struct sockaddr_in6 name = {.sin6_family = e->addr.family};
    const int v6only = is_v6only, on = 1;
    int type = e->proto == PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
    int fd = socket(e->addr.family, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    assert_true(
        endpoint_to_sockaddr(&e->addr, e->port == 1 ? 0 : e->port, (struct sockaddr *)&name));
    assert_int_equal(bind(fd, (struct sockaddr *)&name,
                          e->addr.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(name)),
                     0);
    enum proto proto = e->proto;
    assert_true(socket_name(fd, e));
    e->proto = proto;
    return fd;
}

/* Returns how many sockets are listed. Of them, *found is that with the inode, or has none. */
static size_t list(const struct endpoint *wanted, uint32_t inode, struct sock_diag_socket *found)
{
    struct sock_diag_dump d;
    struct sock_diag_socket s;
    size_t count = 0;

    *found = (struct sock_diag_socket){.inode = 0};
    sock_diag_begin(&d, SOCK_DIAG_BOUND, netns_own(), wanted);
    for (; sock_diag_next(&d, &s); count++) {
        if (s.inode == inode)
            *found = s;
    }
    assert_true(sock_diag_end(&d));
    return count;
}

TEST(listing)
{
    static const struct {
        const char *text;
        bool is_v6only;
    } CASES[] = {
        {"tcp/127.0.0.1:1", false}, {"tcp/[::1]:1", true},    {"tcp/[::]:1", true},
        {"tcp/[::]:1", false},      {"udp/0.0.0.0:1", false}, {"udp/[::1]:1", true},
    };
    struct sock_diag_socket s;
    struct endpoint e;

    for (size_t i = 0; i < COUNT(CASES); i++) {
        int fd = bound_to(CASES[i].text, CASES[i].is_v6only, &e);
        if (e.proto == PROTO_TCP)
            assert_int_equal(listen(fd, 1), 0);
        uint32_t inode = socket_inode(fd);
        const struct endpoint any = {.port = e.port};
        const struct endpoint all = {.proto = PROTO_ANY};
        const struct endpoint other_family = {
            e.proto, {.family = e.addr.family == AF_INET ? AF_INET6 : AF_INET}, e.port};
        assert_true(list(&e, inode, &s) >= 1);
        assert_int_equal(s.inode, inode);
        assert_memory_equal(&s.local.addr, &e.addr, sizeof(e.addr));
        assert_int_equal(s.local.port, e.port);
        assert_int_equal(s.local.proto, e.proto);
        assert_int_equal(s.uid, geteuid());
        assert_true(s.listens);
        assert_int_equal(s.v6only, CASES[i].is_v6only);
        list(&any, inode, &s);
        assert_int_equal(s.inode, inode);
        list(&all, inode, &s);
        assert_int_equal(s.inode, inode);
        list(&other_family, inode, &s);
        assert_int_equal(s.inode, 0);
        close(fd);
    }
}

/* More than one answer has room for. */
TEST(many)
{
    enum { MANY = 200 };
    int fd[MANY];
    struct endpoint e, more;
    struct sock_diag_socket s;
    char text[32];

    fd[0] = bound_to("udp/127.0.0.1:1", false, &e);
    snprintf(text, sizeof(text), "udp/127.0.0.1:%u", e.port);
    for (int i = 1; i < MANY; i++)
        fd[i] = bound_to(text, false, &more);
    assert_int_equal(list(&e, socket_inode(fd[0]), &s), MANY);
    assert_int_equal(s.inode, socket_inode(fd[0]));
    for (int i = 0; i < MANY; i++)
        close(fd[i]);
}

TEST(find)
{
    struct endpoint e;
    struct sock_diag_socket s;
    uint64_t own = netns_own();

    int fd = bound_to("tcp/127.0.0.1:1", false, &e);
    assert_int_equal(sock_diag_find(own, &e, NULL, &s), SOCK_DIAG_NONE);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(sock_diag_find(own, &e, NULL, &s), SOCK_DIAG_FOUND);
    assert_int_equal(s.inode, socket_inode(fd));
    assert_true(s.listens);
    e.addr = addr_mapped(&e.addr);
    assert_int_equal(sock_diag_find(own, &e, NULL, &s), SOCK_DIAG_FOUND);
    close(fd);
    assert_int_equal(sock_diag_find(own, &e, NULL, &s), SOCK_DIAG_NONE);

    fd = bound_to("udp/127.0.0.1:1", false, &e);
    assert_int_equal(sock_diag_find(own, &e, NULL, &s), SOCK_DIAG_FOUND);
    assert_int_equal(s.inode, socket_inode(fd));
    struct sockaddr_in peer = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), 0);
    assert_int_equal(sock_diag_find(own, &e, NULL, &s), SOCK_DIAG_FOUND);
    assert_int_equal(s.inode, socket_inode(fd));
    assert_false(s.listens);
    close(fd);
}

/* The kernel is not asked about another network namespace, nor about other protocols. */
TEST(unknown)
{
    const struct endpoint e = unit_endpoint("tcp/127.0.0.1:80"), sctp = unit_endpoint("sctp/80");
    uint64_t own = netns_own();
    struct sock_diag_dump d;
    struct sock_diag_socket s;

    assert_true(own != 0);
    assert_true(netns_is_own(own));
    assert_true(netns_is_own(0));
    assert_false(netns_is_own(own + 1));
    assert_int_equal(sock_diag_find(own + 1, &e, NULL, &s), SOCK_DIAG_UNKNOWN);
    assert_int_equal(sock_diag_find(own, &sctp, NULL, &s), SOCK_DIAG_UNKNOWN);
    sock_diag_begin(&d, SOCK_DIAG_BOUND, own + 1, &e);
    assert_false(sock_diag_next(&d, &s));
    assert_false(sock_diag_end(&d));
    sock_diag_begin(&d, SOCK_DIAG_BOUND, own, &sctp);
    assert_false(sock_diag_next(&d, &s));
    assert_false(sock_diag_end(&d));
}

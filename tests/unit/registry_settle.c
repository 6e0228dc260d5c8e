/* The registry and the sockets that the kernel lists. The sockets are of the test's own namespace. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/layout.h"
#include "unit_registry.h"

TEST(closed_are_removed, IN_MEMORY)
{
    static const int TYPES[] = {SOCK_STREAM, SOCK_DGRAM};
    static const char *const ADDRESSES[] = {"127.0.0.1", "0.0.0.0", "::1",
                                            "::", "::ffff:127.0.0.1"};
    struct endpoint e;

    for (size_t t = 0; t < COUNT(TYPES); t++) {
        for (size_t a = 0; a < COUNT(ADDRESSES); a++) {
            int fd = bound(ADDRESSES[a], 0, TYPES[t], &e);
            put_own(*state, 80, &e);
            assert_true(registry_settle(*state, netns_own(), e.port));
            assert_true(registry_settle(*state, netns_own(), 0));
            assert_int_equal(asked_of(*state, &e), 80);
            close(fd);
            assert_true(registry_settle(*state, netns_own(), e.port));
            assert_int_equal(asked_of(*state, &e), 0);
            put_own(*state, 80, &e);
            assert_true(registry_settle(*state, netns_own(), 0));
            assert_int_equal(asked_of(*state, &e), 0);
        }
    }
}

/* The listener is closed, but a connection that it accepted has its name. */
TEST(connections_keep_their_record, IN_MEMORY)
{
    struct endpoint e, near = {0};
    int listener = bound("0.0.0.0", 0, SOCK_STREAM, &e);

    assert_int_equal(listen(listener, 1), 0);
    put_own(*state, 80, &e);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(e.port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    int accepted = accept(listener, NULL, NULL);
    close(listener);
    assert_true(socket_name(accepted, &near));
    near.proto = PROTO_TCP;
    assert_true(registry_settle(*state, netns_own(), e.port));
    assert_int_equal(asked_of(*state, &near), 80);
    close(client);
    close(accepted);
    assert_true(registry_settle(*state, netns_own(), e.port));
    assert_int_equal(asked_of(*state, &near), 0);
}

/* A UDP socket that is connected has another address than it was bound to. */
TEST(connected_datagram_sockets_keep_their_record, IN_MEMORY)
{
    struct endpoint e;
    int fd = bound("0.0.0.0", 0, SOCK_DGRAM, &e);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

    put_own(*state, 53, &e);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_true(registry_settle(*state, netns_own(), e.port));
    assert_int_equal(asked_of(*state, &e), 53);
    close(fd);
}

/* Connects a socket to a port of this host. */
static void connect_to(int fd, const char *address, uint16_t port)
{
    struct endpoint to = {.port = port};
    struct sockaddr_storage sa = {0};

    assert_true(addr_parse(&to.addr, address, strlen(address)));
    sa.ss_family = to.addr.family;
    assert_true(endpoint_to_sockaddr(&to.addr, port, (struct sockaddr *)&sa));
    assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(struct sockaddr_in6)), 0);
}

/* Whatever is settled, an open socket keeps its record. */
static void assert_kept(struct registry *r, const struct endpoint *e, uint16_t asked)
{
    assert_true(registry_settle(r, netns_own(), e->port));
    assert_int_equal(asked_of(r, e), asked);
    assert_true(registry_settle(r, netns_own(), 0));
    assert_int_equal(asked_of(r, e), asked);
}

/* Sockets that listen or are connected, of both families, and of IPv6 with an IPv4 peer. */
TEST(open_are_never_removed, IN_MEMORY)
{
    static const struct {
        const char *own, *to;
    } CASES[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"0.0.0.0", "127.0.0.1"},
        {"::1", "::1"},
        {"::", "::1"},
        {"::", "127.0.0.1"},
        {"::ffff:127.0.0.1", "127.0.0.1"},
    };
    struct endpoint server, client, udp;

    for (size_t i = 0; i < COUNT(CASES); i++) {
        const char *to = strchr(CASES[i].own, ':') != NULL && strchr(CASES[i].to, ':') == NULL
                             ? "::ffff:127.0.0.1"
                             : CASES[i].to;
        int listener = bound(CASES[i].own, 0, SOCK_STREAM, &server);
        assert_int_equal(listen(listener, 1), 0);
        put_own(*state, 80, &server);
        assert_kept(*state, &server, 80);
        int connected = bound(CASES[i].own, 0, SOCK_STREAM, &client);
        put_own(*state, 81, &client);
        connect_to(connected, to, server.port);
        assert_kept(*state, &client, 81);
        int datagrams = bound(CASES[i].own, 0, SOCK_DGRAM, &udp);
        put_own(*state, 53, &udp);
        connect_to(datagrams, to, 9);
        assert_kept(*state, &udp, 53);
        assert_kept(*state, &server, 80);
        close(connected);
        close(datagrams);
        close(listener);
        assert_true(registry_settle(*state, netns_own(), 0));
        assert_int_equal(asked_of(*state, &server) + asked_of(*state, &client), 0);
        assert_int_equal(asked_of(*state, &udp), 0);
    }
}

/* A socket of IPv6 with an IPv4 peer may become one of IPv4: its record is still of IPv6. */
TEST(changed_families_keep_their_record, IN_MEMORY)
{
    struct endpoint server, client;
    int family = AF_INET;
    int listener = bound("127.0.0.1", 0, SOCK_STREAM, &server);
    int connected = bound("::", 0, SOCK_STREAM, &client);

    assert_int_equal(listen(listener, 1), 0);
    put_own(*state, 20, &client);
    connect_to(connected, "::ffff:127.0.0.1", server.port);
    assert_int_equal(setsockopt(connected, IPPROTO_IPV6, IPV6_ADDRFORM, &family, sizeof(family)),
                     0);
    assert_kept(*state, &client, 20);
    close(connected);
    close(listener);
}

/* A listener of an address is no socket of the wildcard's, which is closed. */
TEST(listeners_keep_their_own_record_alone, IN_MEMORY)
{
    struct endpoint any, one;
    int wildcard = bound("0.0.0.0", 0, SOCK_STREAM, &any);

    put_own(*state, 80, &any);
    close(wildcard);
    int listener = bound("127.0.0.1", any.port, SOCK_STREAM, &one);
    assert_int_equal(listen(listener, 1), 0);
    put_own(*state, 81, &one);
    assert_kept(*state, &one, 81);
    assert_int_equal(asked_of(*state, &any), 0);
    close(listener);
}

/* Any number of closed sockets, on many addresses of the port and many ports. */
TEST(open_are_never_removed_for_closed, IN_MEMORY)
{
    struct endpoint e, other;
    int fd = bound("127.0.0.1", 0, SOCK_STREAM, &e);

    put_own(*state, 80, &e);
    for (unsigned i = 2; i < 12000; i++) {
        other = e;
        other.addr.bytes[2] = (uint8_t)(i >> 8);
        other.addr.bytes[3] = (uint8_t)i;
        if (i % 2 == 0)
            other.port = (uint16_t)(1024 + i);
        if (other.port != e.port || i < 3000)
            put_own(*state, 80, &other);
        if (i % 1000 == 0)
            assert_int_equal(asked_of(*state, &e), 80);
    }
    assert_int_equal(asked_of(*state, &e), 80);
    close(fd);
}

/* A record is put beside others of its port: those that are stale go, and one answer is left. */
TEST(what_meets_is_settled, IN_MEMORY)
{
    struct endpoint tcp, udp, any;
    int fd = bound("127.0.0.1", 0, SOCK_STREAM, &tcp);

    udp = any = tcp;
    udp.proto = PROTO_UDP;
    any.proto = PROTO_ANY;
    put_own(*state, 81, &udp);
    put_own(*state, 80, &tcp);
    assert_int_equal(asked_of(*state, &any), 80);
    assert_int_equal(asked_of(*state, &udp), 0);
    close(fd);
}

/* Sockets that were counted are recorded as what they are, while another record has their port. */
TEST(counted_sockets_are_recorded, IN_MEMORY)
{
    struct endpoint own, mapped, any;
    int fd = bound("127.0.0.1", 0, SOCK_DGRAM, &own);

    mapped = any = own;
    mapped.proto = PROTO_TCP;
    any.proto = PROTO_ANY;
    registry_count_passed(*state, own.port);
    int listener = bound("127.0.0.1", own.port, SOCK_STREAM, &mapped);
    put_own(*state, 80, &mapped);
    assert_false(registry_has_passed(*state, own.port));
    assert_int_equal(asked_of(*state, &own), own.port);
    assert_int_equal(asked_of(*state, &mapped), 80);
    close(listener);
    assert_true(registry_settle(*state, netns_own(), own.port));
    assert_int_equal(asked_of(*state, &own), 0);
    assert_true(registry_has_passed(*state, own.port));
    close(fd);
    /* It has ended: the next server of the port does not suffer from it. */
    listener = bound("127.0.0.1", own.port, SOCK_STREAM, &mapped);
    put_own(*state, 80, &mapped);
    assert_false(registry_has_passed(*state, own.port));
    assert_int_equal(asked_of(*state, &any), 80);
    close(listener);
}

/* The listener was counted, and is closed when a record is put: its connection is recorded. */
TEST(counted_connections_are_recorded, IN_MEMORY)
{
    struct endpoint tcp, udp, any;
    int listener = bound("127.0.0.1", 0, SOCK_STREAM, &tcp);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(listen(listener, 1), 0);
    registry_count_passed(*state, tcp.port);
    connect_to(client, "127.0.0.1", tcp.port);
    int accepted = accept(listener, NULL, NULL);
    close(listener);
    int server = bound("0.0.0.0", tcp.port, SOCK_DGRAM, &udp);
    put_own(*state, 53, &udp);
    any = tcp;
    any.proto = PROTO_ANY;
    assert_int_equal(asked_of(*state, &any), 0); /* the protocol decides */
    assert_int_equal(asked_of(*state, &tcp), tcp.port);
    assert_int_equal(asked_of(*state, &udp), 53);
    /* Another server gets the port: its connections go before. */
    any.addr = (struct addr){.family = AF_INET};
    any.proto = PROTO_TCP;
    put_own(*state, 80, &any);
    assert_int_equal(asked_of(*state, &tcp), 80);
    close(client);
    close(accepted);
    close(server);
    assert_true(registry_settle(*state, netns_own(), tcp.port));
    assert_int_equal(asked_of(*state, &tcp), 0);
}

/* Nothing is removed where the kernel cannot be asked. */
TEST(other_namespaces_are_left_alone, IN_MEMORY)
{
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    assert_false(registry_settle(*state, NETNS, 8080));
    assert_true(registry_settle(*state, netns_own(), 0));
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
}

/* It returns false there, and leaves no trace: neither marks nor what is counted. */
TEST(other_namespaces_are_not_changed, IN_MEMORY)
{
    static struct bucket before[BUCKETS];
    static const uint16_t SETTLED[] = {8080, 0};
    struct registry *r = *state;

    assert_false(registry_count_passed(r, 8080));
    put(r, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    put(r, "udp/127.0.0.1:8080", "udp/127.0.0.1:8080");
    put(r, "tcp/[::1]:81", "tcp/[::1]:8081");
    memcpy(before, r->bucket, sizeof(before));
    for (size_t i = 0; i < COUNT(SETTLED); i++) {
        assert_false(registry_settle(r, NETNS, SETTLED[i]));
        assert_memory_equal(r->bucket, before, sizeof(before));
        assert_true(registry_has_passed(r, 8080));
    }
}

/* Several processes ask the kernel at once, while a socket is bound again and again: none removes its record. */
TEST(several_settle_at_once, IN_MEMORY)
{
    enum { SETTLERS = 2, TIMES = 300 };
    struct endpoint open, again;
    pid_t settlers[SETTLERS];
    int fd = bound("127.0.0.1", 0, SOCK_STREAM, &open), lost = 0;

    put_own(*state, 80, &open);
    for (int i = 0; i < SETTLERS; i++) {
        settlers[i] = fork();
        for (int turn = 0; settlers[i] == 0; turn++) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            registry_settle(*state, netns_own(), turn % 2 == 0 ? 0 : open.port);
        }
    }
    for (int i = 0; i < TIMES; i++) {
        int other = bound("127.0.0.2", open.port, SOCK_STREAM, &again);
        put_own(*state, 80, &again);
        lost += asked_of(*state, &open) != 80;
        lost += asked_of(*state, &again) != 80;
        usleep(20);
        lost += asked_of(*state, &again) != 80;
        close(other);
    }
    for (int i = 0; i < SETTLERS; i++) {
        kill(settlers[i], SIGKILL);
        waitpid(settlers[i], NULL, 0);
    }
    close(fd);
    assert_int_equal(lost, 0);
}

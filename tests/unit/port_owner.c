/* Which process has a port: lines of /proc/net, and real sockets of real processes. */
#include "linux/port_owner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/socket.h"
#include "unit.h"

static struct span span_of(const char *text)
{
    return (struct span){text, text + strlen(text)};
}

TEST(lines)
{
    /* As the machine has the words of an address in memory. */
    uint32_t loopback = htonl(INADDR_LOOPBACK), one = htonl(1);
    struct port_owner_line l;
    char line[256];

    snprintf(line, sizeof(line),
             "   0: %08X:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        "
             "0 31337 1 0000000000000000 100 0 0 10 0",
             loopback);
    assert_true(port_owner_parse(span_of(line), AF_INET, &l));
    const struct endpoint v4 = unit_endpoint("127.0.0.1:8080"), v6 = unit_endpoint("[::1]:53");
    assert_memory_equal(&l.addr, &v4.addr, sizeof(v4.addr));
    assert_int_equal(l.port, 8080);
    assert_int_equal(l.state, 10);
    assert_int_equal(l.uid, 1000);
    assert_int_equal(l.inode, 31337);

    snprintf(line, sizeof(line),
             "4000: 000000000000000000000000%08X:0035 00000000000000000000000000000000:0000 07 "
             "00000000:00000000 00:00000000 00000000 65534 0 4294967295 2 0000000000000000 0",
             one);
    assert_true(port_owner_parse(span_of(line), AF_INET6, &l));
    assert_memory_equal(&l.addr, &v6.addr, sizeof(v6.addr));
    assert_int_equal(l.port, 53);
    assert_int_equal(l.state, 7);
    assert_int_equal(l.inode, UINT32_MAX);
    assert_false(port_owner_parse(span_of(line), AF_INET, &l));
}

TEST(other_lines)
{
    static const char *const LINES[] = {
        "",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
        "0:",
        "0: 0100007F",
        "0: 0100007F:1F90",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 1000 0",
        "0: 0100007F: 00000000:0000 0A 0:0 0:0 0 1000 0 31337",
        "0: :1F90 00000000:0000 0A 0:0 0:0 0 1000 0 31337",
        "0: 0100007G:1F90 00000000:0000 0A 0:0 0:0 0 1000 0 31337",
        "0: 0100007F:10000 00000000:0000 0A 0:0 0:0 0 1000 0 31337",
        "0: 0100007F:1F90 00000000:0000 0X 0:0 0:0 0 1000 0 31337",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 -1 0 31337",
        "0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 1000 0 inode",
        "0: 0100007F0100007F:1F90 00000000:0000 0A 0:0 0:0 0 1000 0 31337",
    };
    struct port_owner_line l;

    for (size_t i = 0; i < COUNT(LINES); i++) {
        if (port_owner_parse(span_of(LINES[i]), AF_INET, &l))
            fail_msg("'%s' was read", LINES[i]);
    }
}

/* A socket that listens at a port of its own, on the IPv6 wildcard. */
static int make_listener(struct endpoint *e)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(listen(fd, 1), 0);
    assert_true(socket_name(fd, e));
    e->proto = PROTO_TCP;
    return fd;
}

/* A child that has what this process has, until it is killed. */
static pid_t make_child(const char *name)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NAME, name);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)!write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

TEST(socket)
{
    struct endpoint e;
    struct port_owner owner = {.inode = 77};
    int fd = make_listener(&e);

    for (int i = 0; i < 2; i++) {
        pid_t viewer = i == 0 ? 0 : getpid();
        assert_true(port_owner_find_socket(viewer, &e, &owner));
        assert_int_equal(owner.inode, socket_inode(fd));
        assert_int_equal(owner.uid, geteuid());
        assert_int_equal(owner.first, viewer);
    }
    e.addr = unit_endpoint("127.0.0.1:1").addr; /* which the wildcard overlaps */
    assert_true(port_owner_find_socket(0, &e, &owner));
    e.proto = PROTO_UDP;
    owner.inode = 77;
    assert_false(port_owner_find_socket(0, &e, &owner));
    e.proto = PROTO_TCP;
    close(fd);
    assert_false(port_owner_find_socket(0, &e, &owner));
    assert_int_equal(owner.inode, 77);
}

static int compare(const void *a, const void *b)
{
    const struct port_owner *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* The process to look at first is preferred, and any other does if that has not got the socket. */
TEST(processes)
{
    struct endpoint e;

    prctl(PR_SET_NAME, "owner");
    pid_t child = make_child("child");
    int shared = make_listener(&e);
    pid_t later = make_child("later");
    int own = make_listener(&e);
    uint32_t inode = socket_inode(shared), own_inode = socket_inode(own);

    struct port_owner owners[] = {
        {.inode = inode, .first = 0},      {.inode = inode, .first = getpid()},
        {.inode = inode, .first = later},  {.inode = own_inode, .first = child},
        {.inode = UINT32_MAX, .first = 0},
    };
    const pid_t pids[] = {getpid(), getpid(), later, getpid(), 0};
    const char *const programs[] = {"owner", "owner", "later", "owner", ""};
    for (size_t i = 0; i < COUNT(owners); i++) {
        struct port_owner one = owners[i];
        port_owner_find_processes(&one, 1);
        assert_string_equal(one.program, programs[i]);
        assert_int_equal(one.pid, pids[i]);
    }
    qsort(owners, COUNT(owners), sizeof(owners[0]), compare);
    port_owner_find_processes(owners, COUNT(owners));
    for (size_t i = 0; i < COUNT(owners); i++)
        assert_int_equal(owners[i].pid != 0, owners[i].inode != UINT32_MAX);
    port_owner_find_processes(NULL, 0);
    end_child(child);
    end_child(later);
    close(own);
    close(shared);
}

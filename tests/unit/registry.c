#include "registry/registry.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/layout.h"
#include "registry/store.h"
#include "unit.h"

#define NETNS 4026531840U

static bool put(struct registry *r, const char *asked, const char *actual)
{
    struct registry_entry e = {.asked = unit_endpoint(asked),
                               .actual = unit_endpoint(actual),
                               .netns = NETNS,
                               .pid = 1,
                               .inode = {2}};
    return registry_put(r, &e) == REGISTRY_PUT;
}

/* The asked port that is known for an actual endpoint, or 0. */
static uint16_t asked_port(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, NETNS, &wanted, &e) == REGISTRY_KNOWN ? e.asked.port : 0;
}

static int set_up(void **state)
{
    *state = registry_create();
    return *state == NULL;
}

static int tear_down(void **state)
{
    registry_destroy(*state);
    return 0;
}

static void test_empty(void **state)
{
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 0);
    assert_false(registry_has_port(*state, NETNS, 8080));
}

static void test_all_fields_come_back(void **state)
{
    struct registry_entry in = {.asked = unit_endpoint("udp/[::1]:53"),
                                .actual = unit_endpoint("udp/[::2]:5353"),
                                .netns = NETNS,
                                .pid = 4194304,
                                .program = "a server",
                                .inode = {1U << 31, 7},
                                .v6only = true,
                                .engine = ENGINE_NOTIFY};
    struct registry_entry out;

    struct registry_walk walk = {.step = 0};

    assert_int_equal(registry_put(*state, &in), REGISTRY_PUT);
    assert_true(registry_next_asked(*state, NETNS, 53, &walk, &out));
    assert_int_equal(out.asked.port, 53);
    assert_int_equal(out.asked.proto, PROTO_UDP);
    assert_true(addr_equal(&out.asked.addr, &in.asked.addr));
    assert_int_equal(out.actual.port, 5353);
    assert_true(addr_equal(&out.actual.addr, &in.actual.addr));
    assert_int_equal(out.pid, in.pid);
    assert_memory_equal(out.inode, in.inode, sizeof(out.inode));
    assert_int_equal(out.uid, geteuid());
    assert_int_equal(out.engine, ENGINE_NOTIFY);
    assert_true(out.v6only);
    assert_in_range(out.since, 1764000000, UINT32_MAX);
    assert_string_equal(out.program, "a server");
}

static void test_exact_before_wildcard(void **state)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 81);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 80);
}

static void test_keeps_apart(void **state)
{
    put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 0);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/[::1]:8080"), 0);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8081"), 0);
    assert_true(registry_has_port(*state, NETNS, 8080));
    assert_false(registry_has_port(*state, NETNS, 8081));
}

/* What is bound now was free a moment ago: whoever had it is gone. */
static void test_newer_bind_buries_older(void **state)
{
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    put(*state, "tcp/0.0.0.0:8080", "tcp/0.0.0.0:8080");
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 8080);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 8080);

    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:9090");
    put(*state, "tcp/0.0.0.0:9090", "tcp/0.0.0.0:9090");
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:9090"), 9090);
}

/* With SO_REUSEADDR, UDP sockets of one port live side by side. */
static void test_same_asked_port_lives_on(void **state)
{
    put(*state, "udp/127.0.0.1:53", "udp/127.0.0.1:5353");
    put(*state, "udp/0.0.0.0:53", "udp/0.0.0.0:5353");
    struct endpoint exact = unit_endpoint("udp/127.0.0.1:5353");
    struct registry_entry e;
    assert_int_equal(registry_by_actual(*state, NETNS, &exact, &e), REGISTRY_KNOWN);
    assert_true(addr_equal(&e.actual.addr, &exact.addr)); /* itself, not the wildcard's */
    assert_int_equal(e.asked.port, 53);
    assert_int_equal(asked_port(*state, "udp/127.0.0.2:5353"), 53);
}

static bool by_asked(const struct registry *r, const char *asked, bool v6only, uint16_t *actual)
{
    struct registry_entry wanted = {.asked = unit_endpoint(asked),
                                    .netns = NETNS,
                                    .v6only = v6only},
                          e;
    bool in_way = false;

    *actual = registry_by_asked(r, &wanted, &e, &in_way) ? e.actual.port : 0;
    return in_way;
}

static void test_by_asked(void **state)
{
    uint16_t actual;

    assert_false(by_asked(*state, "tcp/0.0.0.0:80", false, &actual));
    assert_int_equal(actual, 0);
    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:9000");
    put(*state, "udp/0.0.0.0:80", "udp/0.0.0.0:9001");
    assert_true(by_asked(*state, "tcp/127.0.0.1:80", false, &actual));
    assert_int_equal(actual, 9000); /* what is in the way, though it is older */
    assert_true(by_asked(*state, "udp/127.0.0.1:80", false, &actual));
    assert_int_equal(actual, 9001);
    assert_false(by_asked(*state, "sctp/127.0.0.1:80", false, &actual));
    assert_int_equal(actual, 9001); /* the newest */
    assert_true(by_asked(*state, "tcp/[::]:80", false, &actual));
    assert_false(by_asked(*state, "tcp/[::]:80", true, &actual));
    assert_false(by_asked(*state, "tcp/0.0.0.0:81", false, &actual));
    assert_int_equal(actual, 0);
}

static void test_in_way(void **state)
{
    struct endpoint wanted = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e;

    put(*state, "udp/[::]:80", "udp/[::]:8080");
    put(*state, "tcp/[::1]:80", "tcp/[::1]:8081");
    assert_false(registry_in_way(*state, NETNS, &wanted, &e));
    put(*state, "tcp/[::]:80", "tcp/[::]:8080");
    assert_true(registry_in_way(*state, NETNS, &wanted, &e));
    assert_int_equal(e.asked.port, 80);
    assert_int_equal(e.asked.addr.family, AF_INET6);
    wanted = unit_endpoint("tcp/127.0.0.1:8081");
    assert_false(registry_in_way(*state, NETNS, &wanted, &e));
}

/* Each port that is taken by another namespace pushes one of ours on; no window may fill for that. */
static void test_namespaces_do_not_crowd(void **state)
{
    struct registry_entry e = {.pid = (uint32_t)getpid()};
    char text[32];

    for (e.netns = NETNS; e.netns < NETNS + 2; e.netns++) {
        for (unsigned i = 1023; i >= 1; i--) {
            snprintf(text, sizeof(text), "tcp/0.0.0.0:%u", i);
            e.asked = unit_endpoint(text);
            snprintf(text, sizeof(text), "tcp/0.0.0.0:%u", 8000 + i);
            e.actual = unit_endpoint(text);
            assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
        }
    }
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8001"), 1);
}

static void test_many_binds_do_not_fill_it(void **state)
{
    char asked[32], actual[32];

    for (unsigned i = 0; i < 100000; i++) {
        snprintf(asked, sizeof(asked), "tcp/0.0.0.0:%u", 1 + i % 1023);
        snprintf(actual, sizeof(actual), "tcp/0.0.0.0:%u", 8001 + i % 1023);
        assert_true(put(*state, asked, actual));
    }
    for (unsigned i = 1; i <= 1023; i++) {
        snprintf(actual, sizeof(actual), "tcp/127.0.0.1:%u", 8000 + i);
        assert_int_equal(asked_port(*state, actual), i);
    }
}

/* The endpoints of a port that every process of a large host could have, and more. */
static void test_newest_are_kept_when_it_is_full(void **state)
{
    struct registry_entry e = {.netns = NETNS, .pid = (uint32_t)getpid()};
    char text[32];

    for (unsigned i = 1; i <= 20000; i++) {
        snprintf(text, sizeof(text), "tcp/127.0.%u.%u:80", i / 200, 1 + i % 200);
        e.asked = unit_endpoint(text);
        snprintf(text, sizeof(text), "tcp/127.0.%u.%u:8080", i / 200, 1 + i % 200);
        e.actual = unit_endpoint(text);
        assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
        assert_int_equal(asked_port(*state, text), 80);
        if (i == 201)
            assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 80);
    }
}

static void test_other_namespaces_are_other_worlds(void **state)
{
    struct endpoint wanted = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e;

    put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    assert_int_equal(registry_by_actual(*state, NETNS + 1, &wanted, &e), REGISTRY_UNKNOWN);
    assert_false(registry_has_port(*state, NETNS + 1, 8080));
    assert_false(registry_in_way(*state, NETNS + 1, &wanted, &e));
}

/* A pid that nobody has: of a child that was waited for. */
static uint32_t dead_pid(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    return (uint32_t)child;
}

static void test_dead_make_room(void **state)
{
    struct registry_entry e = {.netns = NETNS, .pid = dead_pid()};
    char text[32];

    put(*state, "tcp/0.0.0.0:81", "tcp/0.0.0.0:8080"); /* by init, which lives, and is older */
    for (unsigned i = 1; i < 300; i++) {
        snprintf(text, sizeof(text), "tcp/127.0.%u.%u:80", i / 200, 1 + i % 200);
        e.asked = unit_endpoint(text);
        snprintf(text, sizeof(text), "tcp/127.0.%u.%u:8080", i / 200, 1 + i % 200);
        e.actual = unit_endpoint(text);
        assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    }
    assert_int_equal(asked_port(*state, "tcp/127.0.1.100:8080"), 80);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.2:8080"), 81); /* the oldest went */
}

/* ---- protocols that were not asked for ---- */

static void put_entry(struct registry *r, const char *asked, const char *actual,
                      enum registry_put expected)
{
    struct registry_entry e = {
        .asked = unit_endpoint(asked), .actual = unit_endpoint(actual), .netns = NETNS, .pid = 1};
    assert_int_equal(registry_put(r, &e), expected);
}

static enum registry_answer answer(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct registry_entry e;
    return registry_by_actual(r, NETNS, &wanted, &e);
}

static void test_any_protocol_is_good_for_all(void **state)
{
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 80);
    assert_int_equal(asked_port(*state, "127.0.0.1:8080"), 80);
}

/* Once the high port is used by another protocol, the two are told apart, in whatever order. */
static void test_contested_ports_need_the_protocol(void **state)
{
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT);
    put_entry(*state, "0.0.0.0:8080", "0.0.0.0:8080", REGISTRY_PUT_NEEDS_PROTO);
    put_entry(*state, "udp/0.0.0.0:8080", "udp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8080"), 8080);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_int_equal(answer(*state, "127.0.0.1:8080"), REGISTRY_NEEDS_PROTO);
    /* The other way round: the socket that may be of any protocol was not of TCP. */
    put_entry(*state, "0.0.0.0:81", "0.0.0.0:8081", REGISTRY_PUT);
    put_entry(*state, "tcp/0.0.0.0:8081", "tcp/0.0.0.0:8081", REGISTRY_PUT);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8081"), 8081);
    assert_int_equal(asked_port(*state, "udp/127.0.0.1:8081"), 81);
}

static void test_own_ports_contest_later_ones(void **state)
{
    assert_false(registry_note_own(*state, NETNS, 8080));
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT_NEEDS_PROTO);
    put_entry(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(answer(*state, "127.0.0.1:8080"), REGISTRY_NEEDS_PROTO);
    assert_int_equal(answer(*state, "udp/127.0.0.1:8080"), REGISTRY_UNKNOWN);
    assert_true(registry_note_own(*state, NETNS, 8080));
    registry_note_own(*state, NETNS + 1, 8081);
    put_entry(*state, "0.0.0.0:81", "0.0.0.0:8081", REGISTRY_PUT);
}

/* One endpoint for two asked addresses: which it is depends on the protocol. */
static void test_joined_addresses_are_contested(void **state)
{
    put_entry(*state, "127.0.0.1:80", "127.0.0.9:8080", REGISTRY_PUT);
    put_entry(*state, "127.0.0.2:80", "127.0.0.9:8080", REGISTRY_PUT_NEEDS_PROTO);
}

static uint16_t quick(const struct registry *r, const char *actual)
{
    struct endpoint wanted = unit_endpoint(actual);
    struct sockaddr_storage sa = {.ss_family = wanted.addr.family};

    assert_true(endpoint_to_sockaddr(&wanted.addr, wanted.port, (struct sockaddr *)&sa));
    return registry_quick_port(r, NETNS, (struct sockaddr *)&sa);
}

static void test_quick_port(void **state)
{
    put_entry(*state, "0.0.0.0:80", "0.0.0.0:8080", REGISTRY_PUT);
    assert_true(registry_may_have(*state, NETNS, 8080));
    assert_false(registry_may_have(*state, NETNS, 8081));
    assert_false(registry_may_have(*state, NETNS, 0));
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 80);
    assert_int_equal(quick(*state, "0.0.0.0:8080"), 80);
    assert_int_equal(quick(*state, "[::1]:8080"), 0);
    assert_int_equal(quick(*state, "127.0.0.1:8081"), 0);
    put_entry(*state, "127.0.0.1:90", "127.0.0.2:9090", REGISTRY_PUT);
    assert_int_equal(quick(*state, "127.0.0.2:9090"), 0); /* the address changes too */
    put_entry(*state, "127.0.0.1:91", "127.0.0.1:9091", REGISTRY_PUT);
    assert_int_equal(quick(*state, "127.0.0.1:9091"), 91);
    assert_int_equal(quick(*state, "127.0.0.2:9091"), 0);
    put_entry(*state, "udp/0.0.0.0:8080", "udp/0.0.0.0:8080", REGISTRY_PUT);
    assert_int_equal(quick(*state, "127.0.0.1:8080"), 0); /* it takes more to know */
}

/* ---- from the asked port on ---- */

static unsigned count_asked(const struct registry *r, uint16_t port)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;
    unsigned count = 0;

    while (registry_next_asked(r, NETNS, port, &walk, &e)) {
        assert_int_equal(e.asked.port, port);
        count++;
    }
    return count;
}

static void test_next_asked(void **state)
{
    char actual[32];

    assert_false(registry_has_asked(*state, 80));
    assert_int_equal(count_asked(*state, 80), 0);
    for (unsigned i = 1; i <= 20; i++) {
        snprintf(actual, sizeof(actual), "tcp/0.0.0.0:%u", 9000 + i);
        put(*state, "tcp/0.0.0.0:80", actual);
        assert_true(registry_has_asked(*state, 80));
        assert_int_equal(count_asked(*state, 80), i);
    }
    put(*state, "tcp/127.0.0.1:81", "tcp/127.0.0.1:9500");
    put(*state, "tcp/127.0.0.2:81", "tcp/127.0.0.2:9500");
    assert_int_equal(count_asked(*state, 81), 2);
    assert_int_equal(count_asked(*state, 82), 0);
}

static void test_inodes(void **state)
{
    struct endpoint actual = unit_endpoint("tcp/0.0.0.0:8080");
    struct registry_entry e = {.asked = unit_endpoint("0.0.0.0:80"),
                               .actual = unit_endpoint("0.0.0.0:8080"),
                               .netns = NETNS,
                               .pid = 1};
    struct registry_walk walk = {.step = 0};

    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    for (uint32_t inode = 1; inode <= REGISTRY_INODES + 1; inode++)
        registry_add_inode(*state, NETNS, &actual, inode, 1);
    registry_add_inode(*state, NETNS, &actual, 5, 1);
    assert_true(registry_next_asked(*state, NETNS, 80, &walk, &e));
    assert_int_equal(e.inode[0], REGISTRY_INODES + 1);
    assert_int_equal(e.inode[REGISTRY_INODES - 1], 2); /* the oldest went */
    assert_true(registry_knows_socket(&e, 5));
    assert_false(registry_knows_socket(&e, 1));
    assert_false(registry_knows_socket(&e, 0));
    assert_false(
        registry_knows_sockets(&e, PROTO_TCP)); /* there may be more than it has room for */
    e.inode[REGISTRY_INODES - 1] = 0;
    /* They are those that listen, so of TCP. */
    assert_true(registry_knows_sockets(&e, PROTO_TCP));
    assert_false(registry_knows_sockets(&e, PROTO_UDP));

    /* A second socket of the same server has the same entry, one for another port another. */
    e.inode[0] = 0;
    assert_int_equal(registry_put(*state, &e), REGISTRY_PUT);
    walk = (struct registry_walk){.step = 0};
    assert_true(registry_next_asked(*state, NETNS, 80, &walk, &e));
    assert_true(registry_knows_socket(&e, 5));
    put(*state, "tcp/0.0.0.0:81", "tcp/0.0.0.0:8080");
    walk = (struct registry_walk){.step = 0};
    assert_true(registry_next_asked(*state, NETNS, 81, &walk, &e));
    assert_false(registry_knows_socket(&e, 5));
}

/* ---- the file ---- */

static char folder[] = "/tmp/remap-unit.XXXXXX";

static int set_up_folder(void **state)
{
    memset(folder + sizeof(folder) - 7, 'X', 6);
    *state = mkdtemp(folder);
    return *state == NULL;
}

static void remove_state(const char *in)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/state/registry.2", in);
    unlink(path);
    snprintf(path, sizeof(path), "%s/state", in);
    if (unlink(path) != 0)
        rmdir(path);
}

static int tear_down_folder(void **state)
{
    remove_state(*state);
    return rmdir(*state);
}

static struct registry *open_state(const char *in, const char **problem)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/state", in);
    return store_open(path, problem);
}

static int write_registry(const char *in, const void *bytes, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/state", in);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/state/registry.2", in);
    FILE *file = fopen(path, "w");
    return file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0;
}

static void test_file_outlives_who_wrote_it(void **state)
{
    const char *problem;
    struct registry *r = open_state(*state, &problem);
    struct stat st;
    char path[64];

    assert_non_null(r);
    put(r, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
    registry_destroy(r);
    r = open_state(*state, &problem);
    assert_non_null(r);
    assert_int_equal(asked_port(r, "tcp/0.0.0.0:8080"), 80);
    registry_destroy(r);
    snprintf(path, sizeof(path), "%s/state", (char *)*state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    snprintf(path, sizeof(path), "%s/state/registry.2", (char *)*state);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_in_range(st.st_size, 1, 2 << 20);
}

static mode_t mode_of(const char *in, const char *name)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", in, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

/* Daemons take rights from the files that they make, and others of the tree must open these. */
static void test_made_under_a_narrow_umask(void **state)
{
    const char *problem;

    static const mode_t NARROW[] = {022, 0177, 0277, 0377};

    for (size_t i = 0; i < sizeof(NARROW) / sizeof(NARROW[0]); i++) {
        mode_t before = umask(NARROW[i]);
        struct registry *r = open_state(*state, &problem);
        umask(before);
        assert_non_null(r);
        registry_destroy(r);
        assert_int_equal(mode_of(*state, "state"), 0700);
        assert_int_equal(mode_of(*state, "state/registry.2"), 0600);
        remove_state(*state);
    }
}

static void test_link_is_refused(void **state)
{
    char path[64];
    const char *problem = NULL;

    snprintf(path, sizeof(path), "%s/state", (char *)*state);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_null(open_state(*state, &problem));
    assert_string_equal(problem, "is no folder, or a symbolic link: choose another in REMAP_STATE");
}

static void test_open_folder_is_refused(void **state)
{
    char path[64];
    const char *problem = NULL;

    snprintf(path, sizeof(path), "%s/state", (char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0750), 0);
    assert_null(open_state(*state, &problem));
    assert_string_equal(problem, "is open to others: chmod 700 it");
}

static void test_other_version_is_refused(void **state)
{
    const char *problem = NULL;

    assert_int_equal(write_registry(*state, "remap.99", 8), 0);
    assert_null(open_state(*state, &problem));
    assert_string_equal(problem, "holds a registry of another version: remove it");
}

/* Bytes of all kinds, behind a right beginning: nothing crashes. */
static void test_corrupt_file(void **state)
{
    enum { SIZE = 1700000 };
    static const char begin[8] = {'r', 'e', 'm', 'a', 'p', '.', '0', '2'};
    unsigned char *bytes = malloc(SIZE);
    const char *problem;

    assert_non_null(bytes);
    for (unsigned seed = 1; seed <= 20; seed++) {
        srand(seed);
        for (size_t i = 0; i < SIZE; i++)
            bytes[i] = (unsigned char)(seed < 10 ? rand() : rand() % 3);
        memcpy(bytes, begin, sizeof(begin));
        assert_int_equal(write_registry(*state, bytes, SIZE), 0);
        struct registry *r = open_state(*state, &problem);
        assert_non_null(r);
        struct registry_entry e, wanted = {.asked = unit_endpoint("tcp/0.0.0.0:80")};
        bool in_way;
        for (unsigned port = 1; port < 65536; port += 7) {
            struct endpoint actual = {PROTO_TCP, {.family = AF_INET}, (uint16_t)port};
            registry_by_actual(r, NETNS, &actual, &e);
            registry_in_way(r, NETNS, &actual, &e);
        }
        registry_by_asked(r, &wanted, &e, &in_way);
        put(r, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080");
        asked_port(r, "tcp/0.0.0.0:8080");
        registry_destroy(r);
    }
    free(bytes);
}

/* Two programs bind the same again and again: a third is told the asked port at any moment. */
static void test_told_while_it_is_written(void **state)
{
    enum { READS = 200000, WALKS = 5000 };
    struct registry *r = *state;
    pid_t writers[2];
    int lies = 0;

    assert_true(put(r, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080"));
    for (uint32_t w = 0; w < 2; w++) {
        struct registry_entry e = {.asked = unit_endpoint("tcp/127.0.0.1:80"),
                                   .actual = unit_endpoint("tcp/127.0.0.1:8080"),
                                   .netns = NETNS};
        writers[w] = fork();
        e.pid = (uint32_t)getpid();
        while (writers[w] == 0) {
            e.inode[0]++;
            registry_put(r, &e);
        }
    }
    for (int i = 0; i < READS; i++)
        lies += asked_port(r, "tcp/127.0.0.1:8080") != 80;
    for (int i = 0; i < WALKS; i++) {
        struct registry_walk walk = {.step = 0};
        struct registry_entry e;
        lies += !registry_next(r, &walk, &e);
    }
    for (int w = 0; w < 2; w++) {
        kill(writers[w], SIGKILL);
        waitpid(writers[w], NULL, 0);
    }
    assert_int_equal(lies, 0);
}

/* The `nth` port of those whose windows begin with that group; 0 where there are no more. */
static uint16_t port_of_group(unsigned group, int nth)
{
    for (unsigned port = 65535; port > 0; port--) {
        if (layout_first_group(NETNS, (uint16_t)port) == group && nth-- == 0)
            return (uint16_t)port;
    }
    return 0;
}

/* Puts the port of each group when the other is about to do the same; how many are not found again. */
static int put_side_by_side(struct registry *r, const uint16_t *ports, int groups,
                            _Atomic int *arrived)
{
    struct registry_entry e = {.asked = unit_endpoint("tcp/127.0.0.1:80"),
                               .actual = unit_endpoint("tcp/127.0.0.1:8080"),
                               .netns = NETNS,
                               .pid = (uint32_t)getpid()};
    int lost = 0;

    for (int i = 0; i < groups; i++) {
        struct registry_entry found;
        e.actual.port = ports[i];
        (*arrived)++;
        for (int spins = 0; *arrived < 2 * (i + 1); spins++) {
            if (spins > 1000)
                sched_yield();
        }
        registry_put(r, &e);
        lost += registry_by_actual(r, NETNS, &e.actual, &found) != REGISTRY_KNOWN;
    }
    return lost;
}

/* Two ports that want the same places, bound at the same moment: neither hides the other. */
static void test_put_side_by_side(void **state)
{
    enum { TIMES = 50, TRIED = 256 };
    uint16_t ports[2][TRIED];
    int lost = 0;
    (void)state;

    for (int side = 0; side < 2; side++) {
        for (unsigned group = 0; group < TRIED; group++)
            ports[side][group] = port_of_group(group * (GROUPS / TRIED), side);
    }
    _Atomic int *arrived =
        mmap(NULL, sizeof(*arrived), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(arrived, MAP_FAILED);
    for (int i = 0; i < TIMES; i++) {
        struct registry *r = registry_create();
        int status;
        *arrived = 0;
        pid_t other = fork();
        if (other == 0)
            _exit(put_side_by_side(r, ports[1], TRIED, arrived) != 0);
        lost += put_side_by_side(r, ports[0], TRIED, arrived);
        assert_int_equal(waitpid(other, &status, 0), other);
        lost += status != 0;
        registry_destroy(r);
    }
    munmap(arrived, sizeof(*arrived));
    assert_int_equal(lost, 0);
}

static void test_shared_with_children(void **state)
{
    pid_t child = fork();
    if (child == 0)
        _exit(put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080") ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_fields_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_exact_before_wildcard, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keeps_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newer_bind_buries_older, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_same_asked_port_lives_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_by_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_binds_do_not_fill_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_newest_are_kept_when_it_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_namespaces_are_other_worlds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_namespaces_do_not_crowd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dead_make_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_any_protocol_is_good_for_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_contested_ports_need_the_protocol, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_own_ports_contest_later_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_joined_addresses_are_contested, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_quick_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_next_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_file_outlives_who_wrote_it, set_up_folder,
                                        tear_down_folder),
        cmocka_unit_test_setup_teardown(test_made_under_a_narrow_umask, set_up_folder,
                                        tear_down_folder),
        cmocka_unit_test_setup_teardown(test_link_is_refused, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(test_open_folder_is_refused, set_up_folder,
                                        tear_down_folder),
        cmocka_unit_test_setup_teardown(test_other_version_is_refused, set_up_folder,
                                        tear_down_folder),
        cmocka_unit_test_setup_teardown(test_corrupt_file, set_up_folder, tear_down_folder),
        cmocka_unit_test_setup_teardown(test_told_while_it_is_written, set_up, tear_down),
        cmocka_unit_test(test_put_side_by_side),
        cmocka_unit_test_setup_teardown(test_shared_with_children, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}

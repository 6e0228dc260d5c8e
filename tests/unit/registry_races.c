/* The registry, with writers and readers in several processes. */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/layout.h"
#include "unit_registry.h"

/* Two programs bind the same again and again: a third is told the asked port at any moment. */
TEST(told_while_it_is_written, IN_MEMORY)
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

/* ---- side by side ---- */

/* A counter that processes share. */
static _Atomic int *create_counter(void)
{
    _Atomic int *counter =
        mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(counter, MAP_FAILED);
    return counter;
}

/* Waits for the other one of two processes, for the `turn`th time. */
static void meet(_Atomic int *arrived, int turn)
{
    (*arrived)++;
    for (int spins = 0; *arrived < 2 * turn; spins++) {
        if (spins > 1000)
            sched_yield();
    }
}

/* The `nth` port of those that have that bucket; 0 where there are no more. */
static uint16_t port_of_bucket(unsigned bucket, int nth)
{
    for (unsigned port = 65535; port > 0; port--) {
        if (layout_bucket(NETNS, (uint16_t)port) == bucket && nth-- == 0)
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
        meet(arrived, i + 1);
        registry_put(r, &e);
        lost += registry_by_actual(r, NETNS, &e.actual, &found) != REGISTRY_KNOWN;
    }
    return lost;
}

/* Two ports that want the same places, bound at the same moment: neither hides the other. */
TEST(put_side_by_side)
{
    enum { TIMES = 50, TRIED = 256 };
    uint16_t ports[2][TRIED];
    int lost = 0;

    for (int side = 0; side < 2; side++) {
        for (unsigned bucket = 0; bucket < TRIED; bucket++)
            ports[side][bucket] = port_of_bucket(bucket * (BUCKETS / TRIED), side);
    }
    _Atomic int *arrived = create_counter();
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

/* Returns whether there is one record, and it is the last that was put. */
static bool has_newest_alone(const struct registry *r)
{
    struct registry_walk walk = {.step = 0};
    struct registry_entry e;

    return registry_next(r, &walk, &e) && e.order == r->ports.newest &&
           !registry_next(r, &walk, &e);
}

/* Two programs put the same endpoint at the same moment, for other asked ports: the last one stays. */
TEST(one_record_of_an_endpoint_stays, IN_MEMORY)
{
    enum { TIMES = 5000 };
    _Atomic int *arrived = create_counter();
    int wrong = 0, status;
    pid_t other = fork();

    for (int i = 0; i < TIMES; i++) {
        meet(arrived, 2 * i + 1);
        assert_true(put(*state, other == 0 ? "tcp/127.0.0.1:80" : "tcp/127.0.0.1:81",
                        "tcp/127.0.0.1:8080"));
        meet(arrived, 2 * i + 2);
        wrong += other != 0 && !has_newest_alone(*state);
    }
    if (other == 0)
        _exit(0);
    assert_int_equal(waitpid(other, &status, 0), other);
    munmap(arrived, sizeof(*arrived));
    assert_int_equal(wrong, 0);
}

/* A writer that drew its stamp before another one, and published its record after it, removes its own. */
TEST(late_writers_remove_their_own, IN_MEMORY)
{
    struct registry *r = *state;

    atomic_store(&r->ports.newest, 100);
    assert_true(put(r, "tcp/127.0.0.1:81", "tcp/127.0.0.1:8080"));
    atomic_store(&r->ports.newest, 50);
    assert_true(put(r, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080"));
    atomic_store(&r->ports.newest, 101);
    assert_true(has_newest_alone(r));
    assert_int_equal(asked_port(r, "tcp/127.0.0.1:8080"), 81);
}

TEST(shared_with_children, IN_MEMORY)
{
    pid_t child = fork();
    if (child == 0)
        _exit(put(*state, "tcp/0.0.0.0:80", "tcp/0.0.0.0:8080") ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(asked_port(*state, "tcp/0.0.0.0:8080"), 80);
}

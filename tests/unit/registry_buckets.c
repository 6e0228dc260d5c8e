/* The registry's memory: the buckets that a port fills, and the tags of their records. */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "registry/layout.h"
#include "unit_registry.h"

/* ---- many records of one port ---- */

static uint64_t passed_by(const struct registry *r, unsigned number)
{
    return atomic_load(&r->bucket[number % BUCKETS].passed_by);
}

/* Returns the first port, from 1024 on, of a bucket. */
static uint16_t port_of(unsigned bucket)
{
    unsigned port = 1024;

    while (layout_bucket(NETNS, (uint16_t)port) != bucket)
        port++;
    return (uint16_t)port;
}

/* The buckets go on to the next one, from the last to the first. Each says how far look-ups must go. */
TEST(next_buckets_are_used, IN_MEMORY)
{
    enum { FIRST = BUCKETS - 2, FILLED = 4 };
    uint16_t port = port_of(FIRST);
    char asked[32], actual[32];

    for (unsigned i = 0; i < FILLED * BUCKET_RECORDS; i++) {
        uint64_t before = passed_by(*state, FIRST);
        snprintf(asked, sizeof(asked), "tcp/127.0.0.%u:%u", i + 1, i + 1);
        snprintf(actual, sizeof(actual), "tcp/127.0.0.%u:%u", i + 1, port);
        assert_true(put(*state, asked, actual));
        for (unsigned distance = 0; distance < FILLED; distance++) {
            bool has_behind = distance < i / BUCKET_RECORDS;
            assert_int_equal(passed_by(*state, FIRST + distance) != 0, has_behind);
        }
        /* It counts: release() in settle.c compares it. */
        assert_int_equal(passed_by(*state, FIRST) > before, i >= BUCKET_RECORDS);
    }
    for (unsigned i = 0; i < FILLED * BUCKET_RECORDS; i++) {
        struct registry_walk walk = {.step = 0};
        struct registry_entry e;
        snprintf(actual, sizeof(actual), "tcp/127.0.0.%u:%u", i + 1, port);
        struct endpoint wanted = unit_endpoint(actual);
        assert_int_equal(asked_port(*state, actual), i + 1);
        assert_true(registry_in_way(*state, NETNS, &wanted, &e));
        assert_int_equal(e.asked.port, i + 1);
        assert_true(registry_next_asked(*state, NETNS, (uint16_t)(i + 1), &walk, &e));
    }
}

/* Sockets of one port, each of an address of its own, and their records. */
enum { MANY = 240, FEW = 30 };
static struct endpoint ends[MANY];
static int fds[MANY];

static void bind_many(struct registry *r, unsigned count)
{
    char address[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(address, sizeof(address), "127.77.%u.%u", i / 200, i % 200 + 1);
        fds[i] = bound(address, i == 0 ? 0 : ends[0].port, SOCK_DGRAM, &ends[i]);
        put_own(r, 53, &ends[i]);
    }
}

static void close_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* Asserts that look-ups go on from each bucket of so many records to the last one, and end there. */
static void assert_chain(const struct registry *r, unsigned records)
{
    unsigned first = layout_bucket(netns_own(), ends[0].port);

    for (unsigned i = 0; i <= MANY / BUCKET_RECORDS; i++)
        assert_int_equal(passed_by(r, first + i) != 0, (i + 1) * BUCKET_RECORDS < records);
}

/* Any number of open sockets of a port are found, whatever is settled. */
TEST(many_open_are_found, IN_MEMORY)
{
    bind_many(*state, MANY);
    assert_chain(*state, MANY);
    assert_true(registry_settle(*state, netns_own(), ends[0].port));
    assert_true(registry_settle(*state, netns_own(), 0));
    assert_chain(*state, MANY);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(asked_of(*state, &ends[i]), 53);
    close_many(MANY);
}

/* Once the records behind a bucket are removed, look-ups end there again. */
TEST(buckets_are_released, IN_MEMORY)
{
    for (int turn = 0; turn < 2; turn++) {
        bind_many(*state, FEW);
        uint16_t port = turn == 0 ? ends[0].port : 0;
        /* The last record is at the end of the chain: look-ups pass by all the others. */
        close_many(FEW - 1);
        assert_true(registry_settle(*state, netns_own(), port));
        assert_chain(*state, FEW);
        assert_int_equal(asked_of(*state, &ends[FEW - 1]), 53);
        close(fds[FEW - 1]);
        assert_true(registry_settle(*state, netns_own(), port));
        assert_chain(*state, 0);
    }
}

/* The next bind does the same by itself. */
TEST(a_put_releases_buckets, IN_MEMORY)
{
    bind_many(*state, FEW);
    close_many(FEW);
    put_own(*state, 54, &ends[1]);
    assert_chain(*state, 0);
}

/* ---- tags ---- */

/* Makes all tags of a bucket look as if their writers had begun so many seconds ago. */
static uint64_t make_busy(struct registry *r, unsigned number, int age)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    uint64_t busy = (uint64_t)(time.tv_sec - age) << 2 | TAG_BUSY;
    for (int lane = 0; lane < BUCKET_RECORDS; lane++)
        atomic_store(&r->bucket[number].tag[lane], busy);
    return busy;
}

static int count_tags(const struct registry *r, unsigned number, uint64_t tag)
{
    int count = 0;

    for (int lane = 0; lane < BUCKET_RECORDS; lane++)
        count += atomic_load(&r->bucket[number].tag[lane]) == tag;
    return count;
}

/* A writer that was killed in the middle: its tag is taken once it is older than ten seconds. */
TEST(old_busy_tags_are_taken, IN_MEMORY)
{
    unsigned number = layout_bucket(NETNS, 8080);
    uint64_t busy = make_busy(*state, number, 13);

    assert_true(put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080"));
    assert_int_equal(count_tags(*state, number, busy), BUCKET_RECORDS - 1);
    assert_int_equal(passed_by(*state, number), 0);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
}

/* A writer may be at work: of that second, some seconds ago, and of the next one by another CPU's clock. */
TEST(young_busy_tags_are_left_alone, IN_MEMORY)
{
    static const int AGES[] = {0, 8, -1, -100};
    unsigned number = layout_bucket(NETNS, 8080);
    char actual[32];

    for (unsigned i = 0; i < COUNT(AGES); i++) {
        uint64_t busy = make_busy(*state, number, AGES[i]);
        snprintf(actual, sizeof(actual), "tcp/127.0.0.%u:8080", i + 1);
        assert_true(put(*state, "tcp/127.0.0.1:80", actual));
        assert_int_equal(count_tags(*state, number, busy), BUCKET_RECORDS);
        assert_int_not_equal(passed_by(*state, number), 0);
        assert_int_equal(asked_port(*state, actual), 80);
    }
}

/*
 * A process that asks the kernel has marked a record. It is bound again: the mark is taken away, so that
 * the process does not remove it.
 */
TEST(a_put_takes_the_mark_away, IN_MEMORY)
{
    struct endpoint e = unit_endpoint("tcp/127.0.0.1:8080");
    uint64_t words[2], mark = UINT64_C(7) << 2;

    assert_true(put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080"));
    memcpy(words, e.addr.bytes, sizeof(words));
    uint64_t tag = layout_tag(e.port, AF_INET, words);
    unsigned number = layout_bucket(NETNS, e.port);
    assert_int_equal(count_tags(*state, number, tag), 1);
    for (int lane = 0; lane < BUCKET_RECORDS; lane++)
        layout_replace_tag(*state, number * BUCKET_RECORDS + (unsigned)lane, tag, tag | mark);
    assert_int_equal(count_tags(*state, number, tag | mark), 1);
    assert_int_equal(asked_port(*state, "tcp/127.0.0.1:8080"), 80);
    assert_true(put(*state, "tcp/127.0.0.1:80", "tcp/127.0.0.1:8080"));
    assert_int_equal(count_tags(*state, number, tag), 1);
    assert_int_equal(count_tags(*state, number, tag | mark), 0);
}

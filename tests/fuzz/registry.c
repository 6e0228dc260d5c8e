/*
 * A registry in a file that others wrote any bytes to, with all that is done with it: walks end, what is
 * returned is valid, and nothing outside the file is touched.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "input.h"
#include "registry/layout.h"
#include "registry/registry.h"

enum { OPERATIONS = 60, NAMESPACES = 2 };

static void check_entry(const struct registry_entry *e)
{
    CHECK(memchr(e->program, '\0', sizeof(e->program)) != NULL);
    CHECK(e->actual.addr.family == AF_INET || e->actual.addr.family == AF_INET6);
    CHECK(e->asked.addr.family == AF_INET || e->asked.addr.family == AF_INET6);
    CHECK(e->actual.proto >= PROTO_TCP && e->actual.proto <= PROTO_SCTP);
    CHECK(e->asked.port != 0 && e->actual.port != 0);
}

static uint64_t input_netns(struct input *in)
{
    return 1 + input_below(in, NAMESPACES);
}

static struct endpoint input_endpoint(struct input *in, unsigned first)
{
    enum proto proto = (enum proto)(first + input_below(in, PROTO_SCTP + 1 - first));
    struct addr addr = input_addr(in);

    return (struct endpoint){proto, addr, input_port(in)};
}

/* ---- what others wrote ---- */

static void write_word(struct input *in, struct registry *r)
{
    size_t at = (size_t)input_number(in, 3) % (sizeof(*r) / 8) * 8;
    uint64_t word = input_number(in, 8);

    if (at != 0) /* the magic number stays */
        memcpy((char *)r + at, &word, sizeof(word));
}

/* A record that is hostile where it counts: in its bucket, with the tag of its endpoint. */
static void write_slot(struct input *in, struct registry *r)
{
    uint64_t netns = input_netns(in);
    struct endpoint actual = input_endpoint(in, PROTO_TCP);
    unsigned bucket = (layout_bucket(netns, actual.port) + input_below(in, 2)) % BUCKETS;
    unsigned index = bucket * BUCKET_RECORDS + input_below(in, BUCKET_RECORDS);
    struct registry_entry e = {.asked = actual, .actual = actual, .netns = netns};
    struct record record = record_of(&e);
    unsigned changes = input_below(in, 4);

    record.asked_port = input_port(in);
    record.stamp = (uint32_t)input_number(in, 2);
    for (unsigned i = 0; i < changes; i++)
        ((uint8_t *)&record)[input_below(in, sizeof(record))] = (uint8_t)input_number(in, 1);
    memset(record.program, 'x', sizeof(record.program));
    memcpy(&r->slot[index], &record, sizeof(record));
    atomic_store(layout_tag_of(r, index),
                 input_below(in, 4) == 0
                     ? input_number(in, 8)
                     : layout_tag(actual.port, actual.addr.family, record.actual_addr));
    atomic_store(&r->bucket[bucket].passed_by, input_number(in, 1));
    r->ports.asked[ports_asked(netns, record.asked_port)] = UINT32_MAX;
    r->ports.actual[actual.port / 32] |= UINT32_C(1) << actual.port % 32;
    atomic_store(&r->asked_ports[index / LANES],
                 (uint64_t)record.asked_port * UINT64_C(0x1000100010001));
}

/* ---- what is done with it ---- */

static void put(struct input *in, struct registry *r)
{
    struct registry_entry e = {.actual = input_endpoint(in, PROTO_TCP), .netns = input_netns(in)};

    e.asked = e.actual;
    e.asked.port = input_port(in);
    e.inode[0] = (uint32_t)input_number(in, 1);
    memset(e.program, 'p', sizeof(e.program) - 1);
    (void)registry_put(r, &e);
    (void)registry_count_passed(r, input_port(in));
}

static void look_up(struct input *in, struct registry *r)
{
    uint64_t netns = input_netns(in);
    struct endpoint actual = input_endpoint(in, PROTO_ANY);
    struct sockaddr_in6 name = {.sin6_family = actual.addr.family};
    struct registry_entry wanted = {.asked = actual, .actual = actual, .netns = netns};
    struct registry_entry e;
    bool in_way;

    if (registry_by_actual(r, netns, &actual, &e) == REGISTRY_KNOWN)
        CHECK(e.asked.port != 0);
    if (registry_in_way(r, netns, &actual, &e))
        check_entry(&e);
    if (registry_by_asked(r, &wanted, &e, &in_way))
        check_entry(&e);
    if (endpoint_to_sockaddr(&actual.addr, actual.port, (struct sockaddr *)&name))
        (void)registry_quick_port(r, netns, (const struct sockaddr *)&name);
    (void)registry_has_port(r, netns, actual.port);
    (void)registry_has_passed(r, actual.port);
    if (actual.proto != PROTO_ANY)
        (void)registry_add_inode(r, netns, &actual, (uint32_t)input_number(in, 1));
}

static void walk(struct input *in, struct registry *r)
{
    struct registry_walk all = {0}, asked = {0};
    uint64_t netns = input_netns(in);
    uint16_t port = input_port(in);
    struct registry_entry e;
    unsigned count = 0;

    while (registry_next_asked(r, netns, port, &asked, &e)) {
        CHECK(++count <= RECORDS && e.asked.port == port);
        check_entry(&e);
        (void)registry_knows_socket(&e, (uint32_t)input_number(in, 1));
    }
    for (count = 0; registry_next(r, &all, &e); check_entry(&e))
        CHECK(++count <= RECORDS);
}

/* About another namespace than this process's, the kernel is not asked. */
static void settle(struct input *in, struct registry *r)
{
    (void)registry_settle(r, input_netns(in), input_port(in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const operations[])(struct input *, struct registry *) = {
        write_word, write_slot, write_slot, put, put, look_up, look_up, walk, settle};
    struct input in = {data, size};
    int file = memfd_create("registry", MFD_CLOEXEC);
    struct registry *r = file >= 0 ? registry_map(file) : NULL;

    close(file);
    if (r == NULL)
        return 0;
    for (int i = 0; i < OPERATIONS && in.size > 0; i++)
        operations[input_below(&in, sizeof(operations) / sizeof(operations[0]))](&in, r);
    registry_destroy(r);
    return 0;
}

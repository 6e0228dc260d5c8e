/*
 * past COUNT PROTO ASKED ACTUAL ADDRESS ...: puts so many records of closed sockets into the
 * registry of $REMAP_STATE, in the caller's network namespace. A port is "80", "80+" or "80-89", an
 * address "127.0.0.1" or "127.0.0.1+": the next one in each record. Stale records that meet are left
 * there, as where the kernel could not be asked. Prints how many were not put.
 *
 * past busy AGE: makes all records that cannot be read look as if a process had been killed while it
 * wrote them, so many seconds ago.
 *
 * past count: prints how many records there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/rule.h"
#include "linux/netns.h"
#include "linux/procfs.h"
#include "registry/layout.h"
#include "registry/store.h"
#include "registry/write.h"

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "past: %s: %s\n", what, why);
    exit(1);
}

/* The i-th port of "80", "80+" or "80-89", which begins again after the last. */
static uint16_t port_of(const char *text, unsigned i)
{
    char *end;
    unsigned first = (unsigned)strtoul(text, &end, 10);
    unsigned last = *end == '-' ? (unsigned)strtoul(end + 1, NULL, 10) : UINT16_MAX;

    return (uint16_t)(*end == '\0' ? first : first + i % (last - first + 1));
}

/* The i-th address of "127.0.0.2" or "127.0.0.2+". */
static struct addr addr_of(const char *text, unsigned i)
{
    size_t size = strcspn(text, "+");
    struct addr a;

    if (!addr_parse(&a, text, size))
        fail(text, "is not an address");
    int at = a.family == AF_INET ? 3 : 15;
    for (i = text[size] == '+' ? i : 0; i > 0; at--) {
        i += a.bytes[at];
        a.bytes[at] = (uint8_t)i;
        i >>= 8;
    }
    return a;
}

static unsigned put_records(struct registry *r, unsigned count, char **what)
{
    enum { ENDED = 4194304 }; /* a process id that no process has: PID_MAX_LIMIT */
    enum proto proto = strcmp(what[0], "udp") == 0 ? PROTO_UDP : PROTO_TCP;
    uint32_t pid_namespace = (uint32_t)procfs_pid_namespace();
    unsigned not_put = 0;

    for (unsigned i = 0; i < count; i++) {
        struct addr addr = addr_of(what[3], i);
        struct registry_entry e = {
            .asked = {proto, addr, port_of(what[1], i)},
            .actual = {proto, addr, port_of(what[2], i)},
            .netns = netns_own(),
            .pid = ENDED,
            .pid_namespace = pid_namespace,
            .inode = {1},
            .program = "past",
        };
        struct record record = record_of(&e);
        bool is_alone;
        not_put += !write_record(r, &record, &is_alone);
    }
    return not_put;
}

static void make_busy(struct registry *r, unsigned age)
{
    uint64_t busy = ((uint64_t)time(NULL) - age) << 2 | TAG_BUSY;

    for (unsigned i = 0; i < RECORDS; i++) {
        if (!layout_is_valid(r, i))
            atomic_store(layout_tag_of(r, i), busy);
    }
}

static unsigned count_records(struct registry *r)
{
    unsigned count = 0;

    for (unsigned i = 0; i < RECORDS; i++)
        count += layout_is_valid(r, i);
    return count;
}

int main(int argc, char **argv)
{
    const char *problem = NULL, *folder = getenv("REMAP_STATE");
    struct registry *r = store_open(folder != NULL ? folder : ".", &problem);

    if (r == NULL)
        fail("REMAP_STATE", problem != NULL ? problem : "cannot be opened");
    if (argc > 5 && argc % 5 == 1) {
        unsigned not_put = 0;
        for (int i = 1; i < argc; i += 5)
            not_put += put_records(r, (unsigned)atoi(argv[i]), argv + i + 1);
        printf("%u not put\n", not_put);
    } else if (argc == 3 && strcmp(argv[1], "busy") == 0)
        make_busy(r, (unsigned)atoi(argv[2]));
    else if (argc == 2 && strcmp(argv[1], "count") == 0)
        printf("%u\n", count_records(r));
    else
        return 64;
    return 0;
}

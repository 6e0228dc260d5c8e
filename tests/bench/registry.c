/*
 * registry: the nanoseconds of a look-up, and of a bind that is noted, with one server in
 * the registry and with as many as it holds; the best of several rounds.
 */
#include "registry/registry.h"
#include "registry/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 20, CALLS = 20000, NETNS = 1 };

static struct registry *registry;
static uint32_t own_pid;
static volatile unsigned long sink;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void put(uint16_t asked, uint16_t actual)
{
    struct registry_entry e = {
        .asked = {PROTO_TCP, {.family = AF_INET}, asked},
        .actual = {PROTO_TCP, {.family = AF_INET}, actual},
        .netns = NETNS,
        .pid = own_pid,
    };
    sink += registry_put(registry, &e);
}

static void by_actual(uint16_t port)
{
    struct endpoint actual = {PROTO_TCP, {.family = AF_INET, .bytes = {127, 0, 0, 1}}, port};
    struct registry_entry e;
    sink += registry_by_actual(registry, NETNS, &actual, &e);
}

static void known(unsigned i)
{
    (void)i;
    by_actual(8080);
}

static void spread(unsigned i)
{
    by_actual((uint16_t)(1024 + i * 7919 % 64000));
}

static void has_asked(unsigned i)
{
    sink += registry_has_asked(registry, NETNS, (uint16_t)i);
}

static void note(unsigned i)
{
    (void)i;
    put(80, 8080);
}

static void measure(const char *name, void (*call)(unsigned))
{
    double best = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (unsigned i = 0; i < CALLS; i++)
            call(i);
        double time = (now() - start) / CALLS;
        best = time < best ? time : best;
    }
    printf("%-42s %6.1f ns\n", name, best);
}

static void measure_all(const char *state)
{
    char name[64];

    snprintf(name, sizeof(name), "%s: look-up of a server", state);
    measure(name, known);
    snprintf(name, sizeof(name), "%s: look-up of any port", state);
    measure(name, spread);
    snprintf(name, sizeof(name), "%s: whether a port was asked for", state);
    measure(name, has_asked);
    snprintf(name, sizeof(name), "%s: a bind that is noted again", state);
    measure(name, note);
}

int main(void)
{
    own_pid = (uint32_t)getpid();
    registry = registry_create();
    if (registry == NULL)
        return 1;
    put(80, 8080);
    measure_all("one server");
    for (unsigned i = 0; i < RECORDS; i++)
        put(80, (uint16_t)(1024 + i)); /* 8080 is among them */
    measure_all("full");
    registry_destroy(registry);
    return 0;
}

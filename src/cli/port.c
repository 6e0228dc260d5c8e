/* remap port: prints the actual port of an asked one, for scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/message.h"
#include "cli/remapped.h"
#include "core/rule.h"

/*
 * In milliseconds. Checking the registry is cheap, and is done often. Reading the kernel's list of
 * sockets costs more: it is done when the registry has changed and, since some changes do not show
 * there, at intervals from SHORTEST to LONGEST.
 */
enum { TICK = 10, SHORTEST = 10, LONGEST = 250 };

static struct {
    const char *proto;
    const char *run; /* "": of no named run */
    double timeout;  /* seconds */
} options = {.run = ""};

/* Parses a port, a number or a name, as in a rule. */
static uint16_t parse_port(const char *text)
{
    struct source source = {"PORT", text, strlen(text), false};
    struct endpoint e;
    struct diag d;

    if (strpbrk(text, ":/ ") != NULL || !rule_parse_endpoint(&e, &source, &d))
        message_die(STATUS_USAGE,
                    "invalid port '%s': use a number from 1 to 65535, or a name such as http",
                    text);
    return e.port;
}

/* Whether `a` is preferred to `b`: TCP to other protocols, then the newer one. */
static bool is_better(const struct registry_entry *a, const struct registry_entry *b)
{
    if (a->asked.proto != b->asked.proto)
        return a->asked.proto < b->asked.proto;
    return (int32_t)(a->order - b->order) > 0;
}

static const struct remapped *choose(const struct remapped_list *all, uint16_t port)
{
    enum proto proto = PROTO_ANY;
    const struct remapped *best = NULL;

    if (options.proto != NULL)
        proto = proto_from_name(options.proto, strlen(options.proto));
    for (size_t i = 0; i < all->count; i++) {
        const struct remapped *live = &all->list[i];
        const struct endpoint *asked = &live->entry.asked;
        bool is_match = asked->port == port && (proto == PROTO_ANY || asked->proto == proto);
        if (is_match && live->listens && (best == NULL || is_better(&live->entry, &best->entry)))
            best = live;
    }
    return best;
}

/* Prints the actual port, if there is one. */
static bool look(uint16_t port)
{
    struct remapped_list all;

    remapped_find(options.run, false, &all);
    const struct remapped *live = choose(&all, port);
    if (live != NULL)
        printf("%u\n", live->entry.actual.port);
    free(all.list);
    return live != NULL;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Sleeps until the registry changes, for at most *delay, which then doubles, or until `end`. */
static void sleep_until_change(struct remapped_watch *w, uint64_t newest, int *delay, double end)
{
    static const struct timespec POLL = {0, TICK * 1000000};

    for (int slept = 0; slept < *delay && now() < end; slept += TICK) {
        nanosleep(&POLL, NULL);
        if (remapped_newest(w) != newest) {
            *delay = SHORTEST;
            return;
        }
    }
    *delay = *delay < LONGEST / 2 ? *delay * 2 : LONGEST;
}

static int port_main(int argc, char **argv)
{
    double end = now() + options.timeout;
    uint16_t port = parse_port(argv[1]);
    struct remapped_watch watch = {.run = options.run};
    int delay = SHORTEST;

    (void)argc;
    for (;;) {
        uint64_t newest = remapped_newest(&watch);
        if (look(port))
            return STATUS_OK;
        if (now() >= end)
            message_die(STATUS_NO, "no server is running on port %u: see 'remap ps'", port);
        sleep_until_change(&watch, newest, &delay, end);
        remapped_end_watch(&watch); /* a run may end and begin again */
    }
}

static void complete_ports(const char *run)
{
    struct remapped_list all;
    char port[8], actual[64];

    remapped_find(run, false, &all);
    for (size_t i = 0; i < all.count; i++) {
        const struct remapped *live = &all.list[i];
        snprintf(port, sizeof(port), "%u", live->entry.asked.port);
        snprintf(actual, sizeof(actual), "%u of %s", live->entry.actual.port, live->program);
        if (live->listens)
            complete_word(port, actual);
    }
    free(all.list);
}

static const struct option_spec OPTIONS[] = {
    {"proto", 0, "tcp|udp|sctp", OPTION_CHOICE, &options.proto,
     "one protocol only (default: TCP before others)"},
    {"name", 0, "RUN", OPTION_RUN, &options.run, "the servers of remap run --name=RUN"},
    {"wait", 0, "[SECONDS]", OPTION_TIMEOUT, &options.timeout,
     "wait until a server listens (default: 10)"},
    {0},
};

const struct command port_command = {
    .name = "port",
    .arguments = "PORT",
    .summary = "Print the actual port of an asked one",
    .details = "PORT is a number, or a name such as http. For scripts:\n"
               "  curl \"localhost:$(remap port 80 --wait)\"\n"
               "Exit status: 0; 1 no server is running on the port, 64 usage, 69 the kernel\n"
               "does not list its sockets.\n",
    .options = OPTIONS,
    .min_operands = 1,
    .max_operands = 1,
    .complete = complete_ports,
    .main = port_main,
};

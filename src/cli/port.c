/* remap port: prints the actual port of an asked one, for scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/message.h"
#include "cli/remapped.h"
#include "cli/run_names.h"
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

/* Whether it is a server of the port, or of any port if that is 0. */
static bool is_wanted(const struct remapped *live, uint16_t port)
{
    const struct endpoint *asked = &live->entry.asked;
    enum proto proto = PROTO_ANY;

    if (options.proto != NULL)
        proto = proto_from_name(options.proto, strlen(options.proto));
    return live->listens && (port == 0 || asked->port == port) &&
           (proto == PROTO_ANY || asked->proto == proto);
}

/* Finds the servers that are wanted, of a run or of all, as remapped_find. */
static struct remapped_list find(const char *run, uint16_t port)
{
    struct remapped_list all;
    size_t kept = 0;

    remapped_find(run, false, &all);
    for (size_t i = 0; i < all.count; i++) {
        if (is_wanted(&all.list[i], port))
            all.list[kept++] = all.list[i];
    }
    all.count = kept;
    return all;
}

/* ---- the answer ---- */

/* Whether `a` is preferred to `b`: TCP to other protocols, then the newer one. */
static bool is_better(const struct registry_entry *a, const struct registry_entry *b)
{
    if (a->asked.proto != b->asked.proto)
        return a->asked.proto < b->asked.proto;
    return (int32_t)(a->order - b->order) > 0;
}

/* Prints the actual port of the best server. There is one. */
static void print_best(const struct remapped_list *all)
{
    const struct registry_entry *best = &all->list[0].entry;

    for (size_t i = 1; i < all->count; i++) {
        if (is_better(&all->list[i].entry, best))
            best = &all->list[i].entry;
    }
    printf("%u\n", best->actual.port);
}

static int compare_ports(const void *a, const void *b)
{
    const struct registry_entry *x = &((const struct remapped *)a)->entry;
    const struct registry_entry *y = &((const struct remapped *)b)->entry;

    if (x->asked.port != y->asked.port)
        return x->asked.port < y->asked.port ? -1 : 1;
    return (x->actual.port > y->actual.port) - (x->actual.port < y->actual.port);
}

/* Prints each pair of an asked and an actual port once, in order. */
static void print_all(const struct remapped_list *all)
{
    qsort(all->list, all->count, sizeof(*all->list), compare_ports);
    for (size_t i = 0; i < all->count; i++) {
        const struct registry_entry *e = &all->list[i].entry;
        if (i == 0 || compare_ports(&all->list[i - 1], &all->list[i]) != 0)
            printf("%u %u\n", e->asked.port, e->actual.port);
    }
}

/* Returns whether there was an answer. */
static bool look(uint16_t port)
{
    struct remapped_list all = find(options.run, port);

    if (all.count > 0)
        (port != 0 ? print_best : print_all)(&all);
    free(all.list);
    return all.count > 0;
}

/* ---- no answer ---- */

/*
 * Appends ", but run 'keep' has it: add --name keep", with each run of the list; or the general remedy
 * if it is empty.
 */
static void append_runs(struct text *out, const struct remapped_list *all, const char *what)
{
    char remedy[MESSAGE_MAX];
    struct text how;
    const char *verb = options.run[0] != '\0' ? "use " : "add ";
    size_t count = 0;

    text_init(&how, remedy, sizeof(remedy));
    for (size_t i = 0; i < all->count; i++) {
        const char *run = all->list[i].run;
        if (i > 0 && strcmp(all->list[i - 1].run, run) == 0)
            continue;
        text_string(out, count == 0 ? ", but " : " and ");
        text_string(&how, count++ == 0 ? "" : " or ");
        if (run[0] == '\0') {
            text_string(out, "a server without a name");
            text_string(&how, "leave out --name");
            continue;
        }
        text_string(out, "run ");
        text_quoted(out, run);
        text_string(&how, verb);
        text_string(&how, "--name ");
        text_string(&how, run);
        verb = "";
    }
    if (count > 0) {
        text_string(out, count == 1 ? " has " : " have ");
        text_string(out, what);
    }
    text_string(out, ": ");
    text_string(out, count > 0 ? remedy : "see 'remap ps'");
}

_Noreturn static void refuse(uint16_t port)
{
    char line[MESSAGE_MAX];
    struct text text;

    if (options.run[0] != '\0') {
        runs_remove_all_past();
        run_names_require(options.run);
    }
    struct remapped_list all = find(NULL, port);
    text_init(&text, line, sizeof(line));
    if (options.run[0] != '\0') {
        text_string(&text, "run ");
        text_quoted(&text, options.run);
        text_string(&text, " has no server");
    } else {
        text_string(&text, "no server is running");
    }
    if (port != 0) {
        text_string(&text, " on port ");
        text_number(&text, port);
    }
    append_runs(&text, &all, port != 0 ? "it" : "one");
    free(all.list);
    message_die(STATUS_NO, "%s", line);
}

/* ---- waiting ---- */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Sleeps until the registry changes, for at most *delay, which then doubles, or until `end`. */
static void sleep_until_change(struct remapped_watch *w, uint64_t changes, int *delay, double end)
{
    static const struct timespec POLL = {0, TICK * 1000000};

    for (int slept = 0; slept < *delay && now() < end; slept += TICK) {
        nanosleep(&POLL, NULL);
        if (remapped_changes(w) != changes) {
            *delay = SHORTEST;
            return;
        }
    }
    *delay = *delay < LONGEST / 2 ? *delay * 2 : LONGEST;
}

static int port_main(int argc, char **argv)
{
    double end = now() + options.timeout;
    uint16_t port = argc > 1 ? parse_port(argv[1]) : 0;
    struct remapped_watch watch = {.run = options.run};
    int delay = SHORTEST;

    for (;;) {
        uint64_t changes = remapped_changes(&watch);
        if (look(port))
            return STATUS_OK;
        if (now() >= end)
            refuse(port);
        sleep_until_change(&watch, changes, &delay, end);
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
    .arguments = "[PORT]",
    .summary = "Print the actual port of an asked one",
    .details = "PORT is a number, or a name such as http. For scripts:\n"
               "  curl \"localhost:$(remap port 80 --wait)\"\n"
               "Without PORT, prints a line for each server, its asked and its actual port:\n"
               "  remap port | while read asked actual; do ...\n"
               "Exit status: 0; 1 no server is running on the port, 64 usage, 69 the kernel\n"
               "does not list its sockets.\n",
    .options = OPTIONS,
    .max_operands = 1,
    .complete = complete_ports,
    .main = port_main,
};

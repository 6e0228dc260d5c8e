/* remap ps: lists the sockets that the registry has remapped and the kernel still has. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/grid.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/remapped.h"
#include "cli/run_names.h"
#include "cli/terminal.h"

static struct {
    bool is_json, is_watch;
    const char *run;
} options;

static const char *const ENGINE_NAMES[] = {
    [ENGINE_PRELOAD] = "preload",
    [ENGINE_NOTIFY] = "notify",
};

/* ---- the order ---- */

static int compare(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_live(const void *a, const void *b)
{
    const struct remapped *x = a, *y = b;
    const struct endpoint *p = &x->entry.asked, *q = &y->entry.asked;
    int order = strcmp(x->run, y->run);

    order = order != 0 ? order : compare(p->port, q->port);
    order = order != 0 ? order : compare(p->proto, q->proto);
    order = order != 0 ? order : memcmp(&p->addr, &q->addr, sizeof(p->addr));
    order = order != 0 ? order : compare(x->entry.actual.port, y->entry.actual.port);
    return order != 0 ? order : compare(x->pid, y->pid);
}

/* Sorts the list, and merges sockets that would be equal lines: of SO_REUSEPORT. */
static void merge(struct remapped_list *all)
{
    size_t kept = 0;

    if (all->count == 0)
        return;
    qsort(all->list, all->count, sizeof(*all->list), compare_live);
    for (size_t i = 1; i < all->count; i++) {
        if (compare_live(&all->list[kept], &all->list[i]) != 0)
            all->list[++kept] = all->list[i];
        else
            all->list[kept].listens = all->list[kept].listens || all->list[i].listens;
    }
    all->count = kept + 1;
}

/* ---- the table ---- */

static const char *state_name(const struct remapped *live)
{
    return live->entry.is_dropped                 ? "dropped"
           : live->listens                        ? "listening"
           : live->entry.asked.proto == PROTO_TCP ? "bound"
                                                  : "connected"; /* to one peer */
}

/* The columns, and which of them a narrow terminal does without first. */
enum { PROTO, ASKED, ACTUAL, STATE, PID, PROGRAM, SINCE, ENGINE, RUN, COLUMNS };
static const struct grid_column HEAD[COLUMNS] = {
    [PROTO] = {"Proto", 6}, [ASKED] = {"Asked", 0},   [ACTUAL] = {"Actual", 0},
    [STATE] = {"State", 4}, [PID] = {"PID", 3},       [PROGRAM] = {"Program", 0},
    [SINCE] = {"Since", 2}, [ENGINE] = {"Engine", 1}, [RUN] = {"Run", 5},
};

static char *endpoint_text(struct endpoint e)
{
    char buf[RULE_TEXT_MAX];

    e.proto = PROTO_ANY; /* the protocol has a column of its own */
    return memory_format("%s", output_endpoint(&e, buf));
}

static char *program_text(const struct remapped *live)
{
    char buf[sizeof(live->program)];
    struct text text;

    text_init(&text, buf, sizeof(buf));
    text_printable(&text, live->program, strlen(live->program));
    return memory_format("%s", live->pid != 0 ? buf : "-");
}

/* On a terminal only the time, or the day if that is not today. */
static char *since_text(const struct remapped *live)
{
    char buf[64];
    time_t since = (time_t)live->entry.since, now = time(NULL);
    struct tm local, today;

    localtime_r(&since, &local);
    localtime_r(&now, &today);
    bool is_today = local.tm_yday == today.tm_yday && local.tm_year == today.tm_year;
    strftime(buf, sizeof(buf),
             !terminal_is_output() ? "%Y-%m-%d %H:%M:%S"
             : is_today            ? "%H:%M:%S"
                                   : "%Y-%m-%d",
             &local);
    return memory_format("%s", buf);
}

static void add_row(struct grid *g, const struct remapped *live)
{
    grid_add(g, memory_format("%s", proto_name(live->entry.asked.proto)), NULL);
    grid_add(g, endpoint_text(live->entry.asked), NULL);
    grid_add(g, endpoint_text(live->entry.actual), NULL);
    grid_add(g, memory_format("%s", state_name(live)),
             live->listens ? TERMINAL_GREEN : TERMINAL_YELLOW);
    grid_add(g, live->pid != 0 ? memory_format("%u", live->pid) : memory_format("-"), NULL);
    grid_add(g, program_text(live), NULL);
    grid_add(g, since_text(live), NULL);
    grid_add(g, memory_format("%s", ENGINE_NAMES[live->entry.engine]), NULL);
    grid_add(g, memory_format("%s", live->run[0] != '\0' ? live->run : "-"), NULL);
}

static void print_table(const struct remapped_list *all)
{
    struct grid g = {.columns = HEAD, .column_count = COLUMNS};

    for (size_t i = 0; i < all->count; i++)
        add_row(&g, &all->list[i]);
    grid_print(&g, options.is_watch ? terminal_height() : 0);
    grid_free(&g);
}

/* ---- JSON ---- */

static json_t *endpoint_json(const struct endpoint *e)
{
    char address[RULE_TEXT_MAX];
    struct text text;

    text_init(&text, address, sizeof(address));
    addr_format(&e->addr, &text);
    size_t size = strlen(address);
    bool is_v6 = e->addr.family == AF_INET6; /* in JSON, without brackets */
    return json_pack("{s:s%, s:i}", "address", is_v6 ? address + 1 : address,
                     is_v6 ? size - 2 : size, "port", (int)e->port);
}

static json_t *live_json(const struct remapped *live)
{
    bool has_process = live->pid != 0;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:o, s:s}", "proto",
        proto_name(live->entry.asked.proto), "asked", endpoint_json(&live->entry.asked), "actual",
        endpoint_json(&live->entry.actual), "pid",
        has_process ? json_integer(live->pid) : json_null(), "program",
        has_process ? output_json_string(live->program) : json_null(), "since",
        (json_int_t)live->entry.since, "engine", ENGINE_NAMES[live->entry.engine], "run",
        live->run[0] != '\0' ? json_string(live->run) : json_null(), "state", state_name(live));
}

static json_t *list_json(const struct remapped_list *all)
{
    json_t *list = json_array();

    for (size_t i = 0; i < all->count; i++)
        output_append(list, live_json(&all->list[i]));
    return list;
}

/* ---- once ---- */

static void find(struct remapped_list *all)
{
    remapped_find(options.run, true, all);
    merge(all);
}

static void print(const struct remapped_list *all)
{
    if (!options.is_json)
        print_table(all);
    else if (options.is_watch)
        output_json_line(list_json(all));
    else
        output_json(list_json(all));
}

/* ---- again and again ---- */

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
    (void)number;
    is_interrupted = true;
}

/* Waits for a second, or until a socket is bound. That one is closed shows only in a new list. */
static void wait_for_change(void)
{
    enum { TICK = 50, TICKS = 20 }; /* milliseconds */
    static const struct timespec POLL = {0, TICK * 1000000};
    struct remapped_watch watch = {.run = options.run != NULL ? options.run : ""};
    uint64_t changes = remapped_changes(&watch);

    for (int i = 0; i < TICKS && !is_interrupted && remapped_changes(&watch) == changes; i++)
        nanosleep(&POLL, NULL);
    remapped_end_watch(&watch); /* a run may end and begin again */
}

static bool is_same_line(const struct remapped *a, const struct remapped *b)
{
    return compare_live(a, b) == 0 && a->listens == b->listens &&
           a->entry.since == b->entry.since && strcmp(a->program, b->program) == 0 &&
           addr_equal(&a->entry.actual.addr, &b->entry.actual.addr);
}

static bool is_same(const struct remapped_list *a, const struct remapped_list *b)
{
    size_t i = 0;

    while (i < a->count && i < b->count && is_same_line(&a->list[i], &b->list[i]))
        i++;
    return i == a->count && i == b->count;
}

/* A terminal is drawn anew each time, since its size may have changed. */
static void watch(void)
{
    static const char *const CLEAR = "\033[H\033[2J";
    struct remapped_list before = {NULL, 0}, now;
    bool is_screen = terminal_is_output() && !options.is_json;

    for (bool is_first = true; !is_interrupted && !ferror(stdout); is_first = false) {
        find(&now);
        bool is_printed = is_first || is_screen || !is_same(&before, &now);
        if (is_printed && is_screen)
            fputs(CLEAR, stdout);
        else if (is_printed && !is_first && !options.is_json)
            putchar('\n');
        if (is_printed)
            print(&now);
        fflush(stdout);
        free(before.list);
        before = now;
        wait_for_change();
    }
    free(before.list);
}

static int ps_main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct remapped_list all;

    (void)argc, (void)argv;
    runs_remove_all_past();
    if (options.run != NULL)
        run_names_require(options.run);
    if (options.is_watch) {
        sigaction(SIGINT, &action, NULL);
        watch();
        return STATUS_OK;
    }
    find(&all);
    print(&all);
    free(all.list);
    return STATUS_OK;
}

static const struct option_spec OPTIONS[] = {
    {"json", 0, NULL, OPTION_FLAG, &options.is_json, "print JSON: an array of objects"},
    {"watch", 'w', NULL, OPTION_FLAG, &options.is_watch, "go on, and list again what has changed"},
    {"name", 0, "RUN", OPTION_RUN, &options.run, "list only what belongs to one run"},
    {0},
};

const struct command ps_command = {
    .name = "ps",
    .summary = "List remapped ports",
    .details = "On a terminal, columns that do not fit are left out. With --watch, prints the\n"
               "list again when it has changed, until Ctrl-C.\n"
               "Lists only sockets that the kernel has, of this user and network namespace;\n"
               "also those of servers that were started with LD_PRELOAD.\n"
               "Exit status: 0, also if the list is empty; 1 no run of that name, 64 usage,\n"
               "69 the kernel does not list its sockets.\n",
    .options = OPTIONS,
    .main = ps_main,
};

/* remap ps: lists the sockets that the registry has remapped and the kernel still has. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/remapped.h"
#include "cli/run_names.h"

static struct {
    bool is_json;
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
    }
    all->count = kept + 1;
}

/* ---- the table ---- */

enum { COLUMNS = 8, CELL_MAX = RULE_TEXT_MAX };

struct row {
    char cell[COLUMNS][CELL_MAX];
};

static void fill_row(const struct remapped *live, struct row *row)
{
    time_t since = (time_t)live->entry.since;
    struct tm local;
    struct text program;
    struct endpoint asked = live->entry.asked, actual = live->entry.actual;

    asked.proto = actual.proto = PROTO_ANY; /* the protocol has a column of its own */
    for (int column = 0; column < COLUMNS; column++)
        text_copy(row->cell[column], CELL_MAX, "-");
    text_copy(row->cell[0], CELL_MAX, proto_name(live->entry.asked.proto));
    output_endpoint(&asked, row->cell[1]);
    output_endpoint(&actual, row->cell[2]);
    if (live->pid != 0) {
        snprintf(row->cell[3], CELL_MAX, "%u", live->pid);
        text_init(&program, row->cell[4], CELL_MAX);
        text_printable(&program, live->program, strlen(live->program));
    }
    localtime_r(&since, &local);
    strftime(row->cell[5], CELL_MAX, "%Y-%m-%d %H:%M:%S", &local);
    text_copy(row->cell[6], CELL_MAX, ENGINE_NAMES[live->entry.engine]);
    if (live->run[0] != '\0')
        text_copy(row->cell[7], CELL_MAX, live->run);
}

static void print_table(const struct remapped_list *all)
{
    static const struct row HEAD = {
        {"Proto", "Asked", "Actual", "PID", "Program", "Since", "Engine", "Run"}};
    CLEANUP_FREE struct row *rows = memory_check(calloc(all->count + 1, sizeof(*rows)));
    int width[COLUMNS] = {0};

    rows[0] = HEAD;
    for (size_t i = 0; i < all->count; i++)
        fill_row(&all->list[i], &rows[i + 1]);
    for (size_t i = 0; i <= all->count; i++) {
        for (int column = 0; column < COLUMNS - 1; column++) {
            int size = (int)strlen(rows[i].cell[column]);
            width[column] = size > width[column] ? size : width[column];
        }
    }
    for (size_t i = 0; i <= all->count; i++) {
        for (int column = 0; column < COLUMNS - 1; column++)
            printf("%-*s  ", width[column], rows[i].cell[column]);
        puts(rows[i].cell[COLUMNS - 1]);
    }
}

/* ---- JSON ---- */

static json_t *endpoint_json(const struct endpoint *e)
{
    char address[CELL_MAX];
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
        "{s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:o}", "proto", proto_name(live->entry.asked.proto),
        "asked", endpoint_json(&live->entry.asked), "actual", endpoint_json(&live->entry.actual),
        "pid", has_process ? json_integer(live->pid) : json_null(), "program",
        has_process ? output_json_string(live->program) : json_null(), "since",
        (json_int_t)live->entry.since, "engine", ENGINE_NAMES[live->entry.engine], "run",
        live->run[0] != '\0' ? json_string(live->run) : json_null());
}

static void print_json(const struct remapped_list *all)
{
    json_t *list = json_array();

    for (size_t i = 0; i < all->count; i++)
        output_append(list, live_json(&all->list[i]));
    output_json(list);
}

static int ps_main(int argc, char **argv)
{
    struct remapped_list all;

    (void)argc, (void)argv;
    runs_remove_all_past();
    if (options.run != NULL)
        run_names_require(options.run);
    remapped_find(options.run, true, &all);
    merge(&all);
    (options.is_json ? print_json : print_table)(&all);
    free(all.list);
    return STATUS_OK;
}

static const struct option_spec OPTIONS[] = {
    {"json", 0, NULL, OPTION_FLAG, &options.is_json, "print JSON: an array of objects"},
    {"name", 0, "RUN", OPTION_RUN, &options.run, "list only what belongs to one run"},
    {0},
};

const struct command ps_command = {
    .name = "ps",
    .summary = "List remapped ports",
    .details = "Lists only sockets that the kernel has, of this user and network namespace;\n"
               "also those of servers that were started with LD_PRELOAD.\n"
               "Exit status: 0, also if the list is empty; 64 usage, 69 the kernel does not\n"
               "list its sockets.\n",
    .options = OPTIONS,
    .main = ps_main,
};

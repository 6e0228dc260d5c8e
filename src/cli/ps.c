/* remap ps: what is where, by the registry, of what the kernel says is alive. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/live.h"
#include "cli/message.h"
#include "cli/printable.h"
#include "cli/show.h"

enum { OPTION_JSON = 256, OPTION_NAME };

static const struct option LONG_OPTIONS[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"name", required_argument, NULL, OPTION_NAME},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char *const ENGINE_NAMES[] = {
    [ENGINE_PRELOAD] = "preload",
    [ENGINE_NOTIFY] = "notify",
};

/* ---- the order, in which equals stand side by side ---- */

static int compare_live(const void *a, const void *b)
{
    const struct live *x = a, *y = b;
    int runs = strcmp(x->run, y->run);

    if (runs != 0)
        return runs;
    if (x->entry.asked.port != y->entry.asked.port)
        return x->entry.asked.port < y->entry.asked.port ? -1 : 1;
    if (x->entry.asked.proto != y->entry.asked.proto)
        return x->entry.asked.proto < y->entry.asked.proto ? -1 : 1;
    int addrs = memcmp(&x->entry.asked.addr, &y->entry.asked.addr, sizeof(x->entry.asked.addr));
    if (addrs != 0)
        return addrs;
    if (x->entry.actual.port != y->entry.actual.port)
        return x->entry.actual.port < y->entry.actual.port ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Sockets that differ in nothing but their number are one line: workers' with SO_REUSEPORT. */
static void merge(struct lives *lives)
{
    size_t kept = 0;

    if (lives->count == 0)
        return;
    qsort(lives->list, lives->count, sizeof(*lives->list), compare_live);
    for (size_t i = 1; i < lives->count; i++) {
        if (compare_live(&lives->list[kept], &lives->list[i]) != 0)
            lives->list[++kept] = lives->list[i];
    }
    lives->count = kept + 1;
}

/* ---- the table ---- */

enum { COLUMNS = 8, CELL_MAX = 80 };

struct row {
    char cell[COLUMNS][CELL_MAX];
};

static void format_endpoint(const struct endpoint *e, char cell[CELL_MAX])
{
    struct endpoint bare = {PROTO_ANY, e->addr, e->port};
    struct text text;

    text_init(&text, cell, CELL_MAX);
    endpoint_format(&bare, &text);
}

static void fill_row(const struct live *live, struct row *row)
{
    time_t since = (time_t)live->entry.since;
    struct tm local;
    struct text program;

    snprintf(row->cell[0], CELL_MAX, "%s", proto_name(live->entry.asked.proto));
    format_endpoint(&live->entry.asked, row->cell[1]);
    format_endpoint(&live->entry.actual, row->cell[2]);
    if (live->pid != 0) {
        snprintf(row->cell[3], CELL_MAX, "%u", live->pid);
        text_init(&program, row->cell[4], CELL_MAX);
        text_printable(&program, live->program, strlen(live->program));
    } else {
        snprintf(row->cell[3], CELL_MAX, "-");
        snprintf(row->cell[4], CELL_MAX, "-");
    }
    localtime_r(&since, &local);
    strftime(row->cell[5], CELL_MAX, "%Y-%m-%d %H:%M:%S", &local);
    snprintf(row->cell[6], CELL_MAX, "%s", ENGINE_NAMES[live->entry.engine]);
    snprintf(row->cell[7], CELL_MAX, "%s", live->run[0] != '\0' ? live->run : "-");
}

static void print_row(const struct row *row, const int width[COLUMNS])
{
    for (int i = 0; i < COLUMNS - 1; i++)
        printf("%-*s  ", width[i], row->cell[i]);
    puts(row->cell[COLUMNS - 1]);
}

static int print_table(const struct lives *lives)
{
    static const struct row HEAD = {
        {"Proto", "Asked", "Actual", "PID", "Program", "Since", "Engine", "Run"}};
    struct row *rows = calloc(lives->count + 1, sizeof(*rows));
    int width[COLUMNS] = {0};

    if (rows == NULL)
        return message_no_memory();
    rows[0] = HEAD;
    for (size_t i = 0; i < lives->count; i++)
        fill_row(&lives->list[i], &rows[i + 1]);
    for (size_t i = 0; i <= lives->count; i++) {
        for (int column = 0; column < COLUMNS; column++) {
            int size = (int)strlen(rows[i].cell[column]);
            width[column] = size > width[column] ? size : width[column];
        }
    }
    for (size_t i = 0; i <= lives->count; i++)
        print_row(&rows[i], width);
    free(rows);
    return STATUS_OK;
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

static json_t *live_json(const struct live *live)
{
    bool has_process = live->pid != 0;

    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:I, s:s, s:o}", "proto", proto_name(live->entry.asked.proto),
        "asked", endpoint_json(&live->entry.asked), "actual", endpoint_json(&live->entry.actual),
        "pid", has_process ? json_integer(live->pid) : json_null(), "program",
        has_process ? printable_json(live->program) : json_null(), "since",
        (json_int_t)live->entry.since, "engine", ENGINE_NAMES[live->entry.engine], "run",
        live->run[0] != '\0' ? json_string(live->run) : json_null());
}

static int print_json(const struct lives *lives)
{
    json_t *list = json_array();
    bool is_whole = list != NULL;

    for (size_t i = 0; i < lives->count && is_whole; i++)
        is_whole = json_array_append_new(list, live_json(&lives->list[i])) == 0;
    is_whole = is_whole && json_dumpf(list, stdout, JSON_INDENT(2)) == 0;
    if (is_whole)
        putchar('\n');
    json_decref(list);
    if (!is_whole)
        message_print("the list cannot be written: see the memory, and where the output goes");
    return is_whole ? STATUS_OK : STATUS_UNAVAILABLE;
}

static int ps_main(const struct command *self, int argc, char **argv)
{
    struct lives lives;
    const char *run = NULL;
    bool is_json = false;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", LONG_OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'h':
            return help_print(self);
        case OPTION_JSON:
            is_json = true;
            break;
        case OPTION_NAME:
            run = optarg;
            break;
        default:
            return message_bad_option(self, option, argv);
        }
    }
    if (optind < argc) {
        message_print("'%s' is too much: see 'remap help %s'", argv[optind], self->name);
        return STATUS_USAGE;
    }
    if (run != NULL && !live_is_name(run))
        return message_bad_name(run);
    int status = live_list(run, true, &lives);
    if (status != STATUS_OK)
        return status;
    merge(&lives);
    status = is_json ? print_json(&lives) : print_table(&lives);
    live_free(&lives);
    return status;
}

const struct command ps_command = {
    .name = "ps",
    .arguments = "[--json] [--name RUN]",
    .summary = "Lists the endpoints that live: what was asked for, and where it is",
    .details = "      --json       as JSON: an array with an object for each\n"
               "      --name RUN   those of one run alone\n"
               "  -h, --help       this text\n"
               "\n"
               "Asks the kernel, so that nothing dead is listed, and of this network namespace\n"
               "alone. Servers that were started with LD_PRELOAD are listed too. Exits with 0\n"
               "also where there are none; 64 usage, 69 the kernel does not say.\n",
    .main = ps_main,
};

#include "cli/grant_list.h"

#include <stdio.h>
#include <string.h>

#include "cli/cgroups.h"
#include "cli/grid.h"
#include "cli/memory.h"
#include "cli/output.h"
#include "linux/cgroup.h"
#include "linux/cgroup_grant.h"
#include "linux/procfs.h"

enum { PORTS, PID, PROGRAM, CGROUP, COLUMNS };
static const struct grid_column HEAD[COLUMNS] = {
    [PORTS] = {"Ports", 0},
    [PID] = {"PID", 1},
    [PROGRAM] = {"Program", 2},
    [CGROUP] = {"Cgroup", 0},
};

struct list {
    struct grid grid;
    json_t *json;
};

static FILE *open_processes(const char *path)
{
    CLEANUP_FREE char *file = memory_format("%s/cgroup.procs", path);
    return fopen(file, "re");
}

/* Returns the next process of the cgroup itself, or 0. It is 0, too, in another PID namespace. */
static int next_process(FILE *processes)
{
    int pid;
    return processes != NULL && fscanf(processes, "%d", &pid) == 1 ? pid : 0;
}

/* ---- a line for each ---- */

static char *printable(const char *string)
{
    size_t size = strlen(string);
    char *buf = memory_check(malloc(size + 1));
    struct text text;

    text_init(&text, buf, size + 1);
    text_printable(&text, string, size);
    return buf;
}

/* Names one process, the first. */
static void add_row(struct grid *g, const char *path, const char *ports)
{
    CLEANUP_FILE FILE *processes = open_processes(path);
    char program[PROCFS_NAME_MAX] = "-";
    int pid = next_process(processes);

    if (pid != 0)
        procfs_name(pid, program);
    grid_add(g, memory_format("%s", ports), NULL);
    grid_add(g, pid != 0 ? memory_format("%d", pid) : memory_format("-"), NULL);
    grid_add(g, printable(program), NULL);
    grid_add(g, printable(cgroups_name(path)), NULL);
}

/* ---- JSON ---- */

static json_t *ports_json(const char *ports)
{
    static struct table t;
    struct source source = {.name = "", .text = ports, .size = strlen(ports)};
    json_t *list = json_array();
    char buf[RULE_TEXT_MAX];
    struct diag d;

    t.count = 0;
    (void)table_parse_asked(&t, &source, &d);
    for (size_t i = 0; i < t.count; i++)
        output_append(list, json_string(output_asked(&t.rule[i], buf)));
    return list;
}

static json_t *processes_json(const char *path)
{
    CLEANUP_FILE FILE *processes = open_processes(path);
    json_t *list = json_array();
    int pid;

    while ((pid = next_process(processes)) != 0)
        output_append(list, json_integer(pid));
    return list;
}

/* ---- the list ---- */

/* The cgroup of a command that has ended is about to be removed. */
static bool add(const char *path, void *data)
{
    static char ports[TABLE_TEXT_MAX];
    struct list *list = data;

    if (!cgroup_grant_read(path, ports) || (cgroups_is_new(path) && !cgroup_is_populated(path)))
        return true;
    if (list->json != NULL)
        output_append(list->json,
                      json_pack("{s:o, s:o, s:o}", "cgroup", output_json_string(cgroups_name(path)),
                                "ports", ports_json(ports), "pids", processes_json(path)));
    else
        add_row(&list->grid, path, ports);
    return true;
}

void grant_list_print(bool is_json)
{
    struct list list = {.grid = {.columns = HEAD, .column_count = COLUMNS}};

    if (is_json)
        list.json = memory_check(json_array());
    cgroups_walk(add, &list);
    if (is_json)
        output_json(list.json);
    else
        grid_print(&list.grid, 0);
    grid_free(&list.grid);
}

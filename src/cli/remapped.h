/* The remapped sockets that are open: records of the registries, confirmed by the kernel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/runs.h"
#include "registry/registry.h"

/* One socket. `run` is the name of its run, or "". */
struct remapped {
    struct registry_entry entry;
    char run[RUNS_NAME_MAX + 1];
    uint32_t inode;
    uint32_t uid; /* the user of the socket */
    bool v6only;  /* as the kernel has it */
    uint32_t pid; /* 0 if the process is not visible */
    char program[16];
    bool listens; /* it receives what is sent to it: a dropped one does not */
};

struct remapped_list {
    struct remapped *list; /* malloc'ed: the caller frees it */
    size_t count;
};

/*
 * Finds the open sockets in this network namespace of a run, of no run (""), or of all (NULL). If
 * that is not possible, ends the program. Without `with_processes`, pid and program are those of
 * the registry.
 */
void remapped_find(const char *run, bool with_processes, struct remapped_list *all);

/* The registries of a run, or of no run (""), which stay mapped. Begins with `run` alone. */
struct remapped_watch {
    const char *run;
    struct registry *registry[RUNS_FOLDERS];
};

/*
 * Returns a number that changes if a socket is bound or, with the engine preload, listens, or if a stale
 * record is removed. Reads only the registry.
 */
uint64_t remapped_changes(struct remapped_watch *w);

/* Unmaps the registries. The next remapped_changes opens those that exist then. */
void remapped_end_watch(struct remapped_watch *w);

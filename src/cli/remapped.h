/* The remapped sockets that are open: records of the registries, confirmed by the kernel. */
#ifndef CLI_REMAPPED_H
#define CLI_REMAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/registry.h"

enum { REMAPPED_RUN_MAX = 64 };

/* One socket. `run` is the name of its run, or "". */
struct remapped {
    struct registry_entry entry; /* its protocol is known */
    char run[REMAPPED_RUN_MAX + 1];
    uint32_t inode;
    uint32_t uid; /* the user of the socket */
    bool v6only;  /* as the kernel has it */
    uint32_t pid; /* 0 if the process is not visible */
    char program[16];
    bool listens; /* it receives what is sent to it */
};

struct remapped_list {
    struct remapped *list; /* malloc'ed: the caller frees it */
    size_t count;
};

/* Returns whether a text is a valid name: letters, digits and ._- but not at the beginning. */
bool remapped_is_run_name(const char *text);

/*
 * Returns the folder of a named run, malloc'ed, and makes the folder above it. On an error, ends
 * the program.
 */
char *remapped_run_folder(const char *run);

/*
 * Finds the open sockets in this network namespace of a run, of no run (""), or of all (NULL). If
 * that is not possible, ends the program. Without `with_processes`, pid and program are those of
 * the registry.
 */
void remapped_find(const char *run, bool with_processes, struct remapped_list *all);

#endif

/* The endpoints of the registries that live, by the kernel's word. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/registry.h"

enum { LIVE_RUN_MAX = 64 };

/* One socket. `run` is the name of the run that it belongs to, or "". */
struct live {
    struct registry_entry entry; /* its protocol is known */
    char run[LIVE_RUN_MAX + 1];
    uint32_t inode;
    uint32_t uid; /* of the socket */
    bool v6only;  /* by the kernel's word */
    uint32_t pid; /* 0 where nobody is to be seen who has it */
    char program[16];
    bool listens; /* what is sent there arrives */
};

struct lives {
    struct live *list; /* malloc'ed */
    size_t count;
};

/* Whether a text can name a run: letters, digits, and . _ - where they do not come first. */
bool live_is_name(const char *text);

/*
 * The folder of a named run, of which the one above it is made: malloc'ed. NULL, after a message,
 * where it cannot be had.
 */
char *live_folder_of_run(const char *run);

/*
 * Lists what lives in this network namespace, of the run `run`, "" for what belongs to
 * none, or of all (NULL). Returns a status; where it is not STATUS_OK, a message was
 * printed and there is nothing to free. Without `with_processes`, pid and program are those
 * of the registry.
 */
int live_list(const char *run, bool with_processes, struct lives *lives);
void live_free(struct lives *lives);

#endif

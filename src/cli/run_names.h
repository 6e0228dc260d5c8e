/* Which named runs there are. */
#pragma once

#include <stddef.h>

/* Sorted. */
struct run_names {
    char **name; /* malloc'ed, and so is each; freed by run_names_free */
    size_t count;
};

/* Returns the runs in the folders of runs_folders(). Some may have ended. */
struct run_names run_names_find(void);
void run_names_free(struct run_names *names);

/* If there is no run of this name, ends the program, after a message that names those there are. */
void run_names_require(const char *run);

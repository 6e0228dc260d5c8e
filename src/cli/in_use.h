/* Which runs have processes, read from procfs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { IN_USE_FILES = 4 };

/* A run. The caller fills in all but the result. */
struct in_use {
    char *path;
    const char *name;
    int fd; /* of its folder */
    dev_t dev;
    ino_t inode;
    ino_t file[IN_USE_FILES]; /* its registries, of several versions; then zeros */
    uint64_t since;           /* the start of its first process, as of procfs_started */
    bool is_used;             /* the result; false before */
};

/* Finds which of `count` runs have a process. A run counts as having one if that is not known. */
void in_use_find(struct in_use *runs, size_t count);

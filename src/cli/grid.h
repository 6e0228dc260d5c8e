/* A table for people: whole in a pipe or file, and as wide as the terminal on one. */
#pragma once

#include <stddef.h>

/*
 * If the table is too wide, its columns are left out in the order of `rank`, from 1 on, those without
 * a value first. Columns of rank 0 stay: the widest of them is cut.
 */
struct grid_column {
    const char *heading;
    unsigned rank;
};

enum { GRID_COLUMNS_MAX = 12 };

struct grid_cell {
    char *text;         /* malloc'ed, printable; freed by grid_free. "-" is no value */
    const char *colour; /* of terminal.h, or NULL */
};

/* The cells, row by row. */
struct grid {
    const struct grid_column *columns;
    size_t column_count;
    struct grid_cell *cells; /* malloc'ed */
    size_t cell_count;
};

/* Adds a cell, and takes over its text. */
void grid_add(struct grid *g, char *text, const char *colour);

/* Prints the table, not more than `lines` lines if that is not 0, and how many rows are left out. */
void grid_print(const struct grid *g, size_t lines);

void grid_free(struct grid *g);

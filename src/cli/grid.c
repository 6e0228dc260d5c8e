#include "cli/grid.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/terminal.h"

enum {
    GAP = 2,   /* between columns */
    LEAST = 8, /* the width of a column that is cut */
};

void grid_add(struct grid *g, char *text, const char *colour)
{
    g->cells = memory_grow(g->cells, g->cell_count, sizeof(*g->cells));
    g->cells[g->cell_count++] = (struct grid_cell){text, colour};
}

void grid_free(struct grid *g)
{
    for (size_t i = 0; i < g->cell_count; i++)
        free(g->cells[i].text);
    free(g->cells);
}

/* ---- the columns that are shown ---- */

/* The width of a column that is left out is 0. */
struct layout {
    size_t width[GRID_COLUMNS_MAX];
    bool is_empty[GRID_COLUMNS_MAX]; /* it has no value */
};

static struct layout measure(const struct grid *g)
{
    struct layout l = {.width = {0}};

    for (size_t i = 0; i < g->column_count; i++) {
        l.width[i] = strlen(g->columns[i].heading);
        l.is_empty[i] = true;
    }
    for (size_t i = 0; i < g->cell_count; i += g->column_count) {
        for (size_t column = 0; column < g->column_count; column++) {
            const char *text = g->cells[i + column].text;
            size_t width = terminal_columns(text, strlen(text));
            l.width[column] = width > l.width[column] ? width : l.width[column];
            l.is_empty[column] = l.is_empty[column] && strcmp(text, "-") == 0;
        }
    }
    return l;
}

static size_t total(const struct grid *g, const struct layout *l)
{
    size_t sum = 0;

    for (size_t i = 0; i < g->column_count; i++)
        sum += l->width[i] > 0 ? l->width[i] + GAP : 0;
    return sum > 0 ? sum - GAP : 0;
}

/* Returns the column to be left out next, or NULL if none may be. */
static size_t *find_least(const struct grid *g, struct layout *l)
{
    size_t best = g->column_count;

    for (size_t i = 0; i < g->column_count; i++) {
        unsigned rank = g->columns[i].rank;
        if (rank == 0 || l->width[i] == 0)
            continue;
        if (best == g->column_count || (l->is_empty[i] && !l->is_empty[best]) ||
            (l->is_empty[i] == l->is_empty[best] && rank < g->columns[best].rank))
            best = i;
    }
    return best < g->column_count ? &l->width[best] : NULL;
}

static size_t *find_widest(const struct grid *g, struct layout *l)
{
    size_t *widest = &l->width[0];

    for (size_t i = 1; i < g->column_count; i++)
        widest = l->width[i] > *widest ? &l->width[i] : widest;
    return widest;
}

static struct layout fit(const struct grid *g, size_t width)
{
    struct layout l = measure(g);
    size_t *column;

    if (width == 0)
        return l;
    while (total(g, &l) > width && (column = find_least(g, &l)) != NULL)
        *column = 0;
    while (total(g, &l) > width && *(column = find_widest(g, &l)) > LEAST)
        --*column;
    return l;
}

/* ---- output ---- */

static const char CUT[] = "..";

/* Prints a text of more columns than `width` without its middle: a port is at the end. */
static size_t print_cut(const char *text, size_t width)
{
    size_t size = strlen(text), room = width - (sizeof(CUT) - 1);
    size_t front = terminal_fit(text, size, room - room / 2), back = front;

    while (terminal_columns(text + back, size - back) > room / 2)
        back += terminal_next(text + back);
    printf("%.*s%s%s", (int)front, text, CUT, text + back);
    return terminal_columns(text, front) + sizeof(CUT) - 1 +
           terminal_columns(text + back, size - back);
}

static void print_cell(const struct grid_cell *cell, size_t width)
{
    size_t columns = terminal_columns(cell->text, strlen(cell->text));
    bool is_coloured = cell->colour != NULL && terminal_has_colour();

    fputs(is_coloured ? cell->colour : "", stdout);
    if (columns > width)
        columns = print_cut(cell->text, width);
    else
        fputs(cell->text, stdout);
    fputs(is_coloured ? TERMINAL_PLAIN : "", stdout);
    printf("%*s", (int)(width - columns), "");
}

/* The last column is not filled up. */
static void print_row(const struct grid *g, const struct layout *l, const struct grid_cell *cells)
{
    size_t last = g->column_count - 1;

    while (l->width[last] == 0)
        last--;
    for (size_t i = 0; i < last; i++) {
        if (l->width[i] == 0)
            continue;
        print_cell(&cells[i], l->width[i]);
        printf("%*s", GAP, "");
    }
    size_t columns = terminal_columns(cells[last].text, strlen(cells[last].text));
    print_cell(&cells[last], columns < l->width[last] ? columns : l->width[last]);
    putchar('\n');
}

static void print_heading(const struct grid *g, const struct layout *l)
{
    struct grid_cell cells[GRID_COLUMNS_MAX] = {{NULL, NULL}};

    for (size_t i = 0; i < g->column_count; i++)
        cells[i] = (struct grid_cell){.text = (char *)g->columns[i].heading};
    print_row(g, l, cells);
}

void grid_print(const struct grid *g, size_t lines)
{
    struct layout l = fit(g, terminal_width());
    size_t rows = g->cell_count / g->column_count;
    /* One line is for the heading, one for what is left out, and one for the cursor. */
    size_t shown = lines == 0 || rows + 2 <= lines ? rows : lines > 3 ? lines - 3 : 0;

    print_heading(g, &l);
    for (size_t i = 0; i < shown; i++)
        print_row(g, &l, &g->cells[i * g->column_count]);
    if (shown < rows)
        printf("... and %zu more\n", rows - shown);
}

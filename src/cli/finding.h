/* Findings of remap doctor, as data, printed as lines or JSON. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"

enum finding_state {
    FINDING_OK,
    FINDING_NOTE,    /* worth knowing: it works all the same */
    FINDING_PROBLEM, /* it will not work */
};

enum {
    FINDING_COUNT_MAX = 40,
    FINDING_TEXT_MAX = 2 * PATH_MAX,
    FINDING_WAY_OUT_MAX = 512,
};

/* `way_out` is what to do, or "". */
struct finding {
    const char *check;
    enum finding_state state;
    struct text text, way_out;
    char text_buf[FINDING_TEXT_MAX], way_out_buf[FINDING_WAY_OUT_MAX];
};

struct findings {
    size_t count;
    struct finding list[FINDING_COUNT_MAX];
};

/* Adds a finding that is ok, with empty texts. If the list is full, returns the last one again. */
struct finding *finding_add(struct findings *all, const char *check);

/* Sets a finding, with a text that is formatted like printf(3). */
__attribute__((format(printf, 4, 5))) void finding_set(struct finding *f, enum finding_state state,
                                                       const char *way_out, const char *format,
                                                       ...);

/* Makes a problem of the first line of a message, "what went wrong: what to do". */
void finding_take_message(struct finding *f, const char *message);

/* Returns the worst state. */
enum finding_state finding_worst(const struct findings *all);

/* Prints a line for each, in colour on a terminal unless NO_COLOR is set. */
void finding_print(const struct findings *all);

/* Prints a JSON object with `works`, `engine` (NULL is null) and `findings`. */
void finding_print_json(const struct findings *all, bool works, const char *engine);

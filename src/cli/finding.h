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
    bool is_general;  /* it is so on most systems */
    bool is_needless; /* because of it, remap is not needed */
    struct text text, way_out;
    char text_buf[FINDING_TEXT_MAX], way_out_buf[FINDING_WAY_OUT_MAX];
};

struct findings {
    size_t count;
    struct finding list[FINDING_COUNT_MAX];
};

/* Makes it a finding that is ok, with empty texts. */
void finding_init(struct finding *f, const char *check);

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

/* Returns the first finding with the worst state, or NULL if there is none. */
const struct finding *finding_first(const struct findings *all);

/* What all findings amount to. */
struct findings_verdict {
    struct finding line;
    const struct finding *cause; /* the finding that it repeats, or NULL */
};

/*
 * Prints the verdict, and a line for each other problem or note that is not general; with `is_verbose`,
 * for each finding. The worst come first. In colour, and wrapped, on a terminal.
 */
void finding_print(const struct findings *all, const struct findings_verdict *v, bool is_verbose);

/* Prints a JSON object with `works`, `verdict`, `engine` (NULL is null) and all `findings`. */
void finding_print_json(const struct findings *all, const struct findings_verdict *v, bool works,
                        const char *engine);

/* Findings of remap doctor, as data, printed as lines or JSON. */
#ifndef CLI_FINDING_H
#define CLI_FINDING_H

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
    char text[FINDING_TEXT_MAX], way_out[FINDING_WAY_OUT_MAX];
};

struct findings {
    size_t count;
    struct finding list[FINDING_COUNT_MAX];
};

/* Adds a finding that is ok, with empty texts. If the list is full, returns the last one again. */
struct finding *finding_add(struct findings *all, const char *check);

/* Each formats a text, like printf(3). The first one also sets the state. */
__attribute__((format(printf, 3, 4))) void finding_set(struct finding *f, enum finding_state state,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 3))) void finding_set_way_out(struct finding *f,
                                                               const char *format, ...);

/* Each empties a text, and returns its writer. */
struct text finding_text(struct finding *f);
struct text finding_way_out(struct finding *f);

/* Makes a problem of the first line of a message, "what went wrong: what to do". */
void finding_take_message(struct finding *f, const char *message);

/* Returns the worst state. */
enum finding_state finding_worst(const struct findings *all);

/* Prints a line for each, in colour on a terminal unless NO_COLOR is set. */
void finding_print(const struct findings *all);

/* Prints a JSON object with `works`, `engine` (NULL is null) and `findings`. */
void finding_print_json(const struct findings *all, bool works, const char *engine);

#endif

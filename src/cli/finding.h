/* What a check-up finds, as data, and in its two forms. */
#ifndef CLI_FINDING_H
#define CLI_FINDING_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/text.h"

enum finding_state {
    FINDING_OK,
    FINDING_NOTE,    /* good to know: it works all the same */
    FINDING_PROBLEM, /* it will not work */
};

enum {
    FINDING_COUNT_MAX = 40,
    FINDING_TEXT_MAX = 2 * PATH_MAX,
    FINDING_WAY_OUT_MAX = 512,
};

/* `way_out` is "" where none is needed. */
struct finding {
    const char *check;
    enum finding_state state;
    char text[FINDING_TEXT_MAX], way_out[FINDING_WAY_OUT_MAX];
};

struct findings {
    size_t count;
    struct finding list[FINDING_COUNT_MAX];
};

/* Adds one that is ok, with empty texts. Never NULL: past the end, the last one is given again. */
struct finding *finding_add(struct findings *all, const char *check);

/* Each sets a text, as printf(3) does; the first one the state, too. */
__attribute__((format(printf, 3, 4))) void finding_set(struct finding *f, enum finding_state state,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 3))) void finding_set_way_out(struct finding *f,
                                                               const char *format, ...);

/* Each starts a text anew, to be written with core/text.h. */
struct text finding_text(struct finding *f);
struct text finding_way_out(struct finding *f);

/* Takes a message ("what went wrong: what to do about it"), of which the first line counts, for a problem. */
void finding_take_message(struct finding *f, const char *message);

/* The worst state of all. */
enum finding_state finding_worst(const struct findings *all);

/* Prints a line for each, with colour on terminals unless NO_COLOR says otherwise. */
void finding_print(const struct findings *all);

/*
 * Prints a JSON object with `works`, `engine` (NULL is null) and `findings`. Returns STATUS_OK, or
 * STATUS_UNAVAILABLE after a message.
 */
int finding_print_json(const struct findings *all, bool works, const char *engine);

#endif

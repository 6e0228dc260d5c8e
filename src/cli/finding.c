#include "cli/finding.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/output.h"
#include "cli/terminal.h"

static const struct {
    const char *name, *colour;
} STATES[] = {
    [FINDING_OK] = {"ok", TERMINAL_GREEN},
    [FINDING_NOTE] = {"note", TERMINAL_YELLOW},
    [FINDING_PROBLEM] = {"problem", TERMINAL_RED},
};

void finding_init(struct finding *f, const char *check)
{
    f->check = check;
    f->state = FINDING_OK;
    f->is_general = f->is_needless = false;
    text_init(&f->text, f->text_buf, sizeof(f->text_buf));
    text_init(&f->way_out, f->way_out_buf, sizeof(f->way_out_buf));
}

struct finding *finding_add(struct findings *all, const char *check)
{
    size_t place = all->count < FINDING_COUNT_MAX ? all->count++ : FINDING_COUNT_MAX - 1;

    finding_init(&all->list[place], check);
    return &all->list[place];
}

void finding_set(struct finding *f, enum finding_state state, const char *way_out,
                 const char *format, ...)
{
    char formatted[FINDING_TEXT_MAX];
    va_list arguments;

    f->state = state;
    va_start(arguments, format);
    vsnprintf(formatted, sizeof(formatted), format, arguments);
    va_end(arguments);
    text_init(&f->text, f->text_buf, sizeof(f->text_buf));
    text_printable(&f->text, formatted, strlen(formatted));
    text_init(&f->way_out, f->way_out_buf, sizeof(f->way_out_buf));
    text_printable(&f->way_out, way_out, strlen(way_out));
}

void finding_take_message(struct finding *f, const char *message)
{
    size_t size = strcspn(message, "\n"), colon = size;

    while (colon > 0 && strncmp(message + colon, ": ", 2) != 0)
        colon--;
    if (colon == 0)
        colon = size;
    CLEANUP_FREE char *way_out =
        memory_check(strndup(message + colon + 2, colon < size ? size - colon - 2 : 0));
    finding_set(f, FINDING_PROBLEM, way_out, "%.*s", (int)colon, message);
}

enum finding_state finding_worst(const struct findings *all)
{
    const struct finding *first = finding_first(all);

    return first != NULL ? first->state : FINDING_OK;
}

const struct finding *finding_first(const struct findings *all)
{
    const struct finding *first = NULL;

    for (size_t i = 0; i < all->count; i++) {
        if (first == NULL || all->list[i].state > first->state)
            first = &all->list[i];
    }
    return first;
}

/* Returns "TEXT: WAY OUT", malloc'ed. */
static char *join(const struct finding *f)
{
    return memory_format("%s%s%s", f->text_buf, f->way_out_buf[0] != '\0' ? ": " : "",
                         f->way_out_buf);
}

/* ---- text ---- */

static void print_coloured(const char *text, const char *colour)
{
    bool is_coloured = terminal_has_colour();

    printf("%s%s%s", is_coloured ? colour : "", text, is_coloured ? TERMINAL_PLAIN : "");
}

static void print_verdict(const struct finding *line)
{
    CLEANUP_FREE char *text = join(line);
    bool is_coloured = terminal_has_colour();

    fputs(is_coloured ? STATES[line->state].colour : "", stdout);
    terminal_wrap(text, 0, 2);
    puts(is_coloured ? TERMINAL_PLAIN : "");
}

/* With the subject in a column of its own if that has a width. */
static void print_line(const struct finding *f, int width)
{
    enum { STATE = 7 };
    const char *state = STATES[f->state].name;
    CLEANUP_FREE char *text = join(f);
    size_t indent = strlen(state) + 2;

    print_coloured(state, STATES[f->state].colour);
    if (width > 0) {
        printf("%*s  %-*s  ", STATE - (int)strlen(state), "", width, f->check);
        indent = STATE + 2 + (size_t)width + 2;
    } else {
        fputs(": ", stdout);
    }
    terminal_wrap(text, indent, indent);
    putchar('\n');
}

void finding_print(const struct findings *all, const struct findings_verdict *v, bool is_verbose)
{
    int width = 0;

    for (size_t i = 0; is_verbose && i < all->count; i++) {
        int size = (int)strlen(all->list[i].check);
        width = size > width ? size : width;
    }
    print_verdict(&v->line);
    for (int state = FINDING_PROBLEM; state >= FINDING_OK; state--) {
        for (size_t i = 0; i < all->count; i++) {
            const struct finding *f = &all->list[i];
            bool is_shown = is_verbose || (state != FINDING_OK && !f->is_general && f != v->cause);
            if ((int)f->state == state && is_shown)
                print_line(f, width);
        }
    }
}

/* ---- JSON ---- */

static json_t *finding_json(const struct finding *f)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "check", f->check, "state", STATES[f->state].name,
                     "text", output_json_string(f->text_buf), "way_out",
                     f->way_out_buf[0] != '\0' ? output_json_string(f->way_out_buf) : json_null());
}

void finding_print_json(const struct findings *all, const struct findings_verdict *v, bool works,
                        const char *engine)
{
    CLEANUP_FREE char *verdict = join(&v->line);
    json_t *list = json_array();

    for (int state = FINDING_PROBLEM; state >= FINDING_OK; state--) {
        for (size_t i = 0; i < all->count; i++) {
            if ((int)all->list[i].state == state)
                output_append(list, finding_json(&all->list[i]));
        }
    }
    output_json(json_pack("{s:b, s:o, s:s?, s:o}", "works", works, "verdict",
                          output_json_string(verdict), "engine", engine, "findings", list));
}

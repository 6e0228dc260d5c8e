#include "cli/finding.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/output.h"

static const struct {
    const char *name, *colour;
} STATES[] = {
    [FINDING_OK] = {"ok", "\033[32m"},
    [FINDING_NOTE] = {"note", "\033[33m"},
    [FINDING_PROBLEM] = {"problem", "\033[31m"},
};

struct finding *finding_add(struct findings *all, const char *check)
{
    size_t place = all->count < FINDING_COUNT_MAX ? all->count++ : FINDING_COUNT_MAX - 1;
    struct finding *f = &all->list[place];

    f->check = check;
    f->state = FINDING_OK;
    text_init(&f->text, f->text_buf, sizeof(f->text_buf));
    text_init(&f->way_out, f->way_out_buf, sizeof(f->way_out_buf));
    return f;
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
    enum finding_state worst = FINDING_OK;

    for (size_t i = 0; i < all->count; i++) {
        if (all->list[i].state > worst)
            worst = all->list[i].state;
    }
    return worst;
}

/* ---- text ---- */

/* See no-color.org. */
static bool wants_colour(void)
{
    const char *refusal = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && (refusal == NULL || refusal[0] == '\0');
}

void finding_print(const struct findings *all)
{
    bool is_coloured = wants_colour();
    int width = 0;

    for (size_t i = 0; i < all->count; i++) {
        int size = (int)strlen(all->list[i].check);
        width = size > width ? size : width;
    }
    for (size_t i = 0; i < all->count; i++) {
        const struct finding *f = &all->list[i];
        printf("%s%-7s%s  %-*s  %s%s%s\n", is_coloured ? STATES[f->state].colour : "",
               STATES[f->state].name, is_coloured ? "\033[0m" : "", width, f->check, f->text_buf,
               f->way_out_buf[0] != '\0' ? ": " : "", f->way_out_buf);
    }
}

/* ---- JSON ---- */

static json_t *finding_json(const struct finding *f)
{
    return json_pack("{s:s, s:s, s:o, s:o}", "check", f->check, "state", STATES[f->state].name,
                     "text", output_json_string(f->text_buf), "way_out",
                     f->way_out_buf[0] != '\0' ? output_json_string(f->way_out_buf) : json_null());
}

void finding_print_json(const struct findings *all, bool works, const char *engine)
{
    json_t *list = json_array();

    for (size_t i = 0; i < all->count; i++)
        output_append(list, finding_json(&all->list[i]));
    output_json(json_pack("{s:b, s:s?, s:o}", "works", works, "engine", engine, "findings", list));
}

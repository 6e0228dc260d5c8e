#include "cli/run_names.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/message.h"
#include "cli/nearest.h"
#include "cli/runs.h"
#include "core/text.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two folders may have runs of the same name. */
static void sort(struct run_names *names)
{
    size_t kept = 0;

    if (names->count > 0)
        qsort(names->name, names->count, sizeof(*names->name), compare_names);
    for (size_t i = 0; i < names->count; i++) {
        if (kept == 0 || strcmp(names->name[kept - 1], names->name[i]) != 0)
            names->name[kept++] = names->name[i];
        else
            free(names->name[i]);
    }
    names->count = kept;
}

struct run_names run_names_find(void)
{
    struct run_names names = {NULL, 0};

    for (const char *const *folder = runs_folders(); *folder != NULL; folder++) {
        DIR *entries = opendir(*folder);
        struct dirent *entry;
        while (entries != NULL && (entry = readdir(entries)) != NULL) {
            CLEANUP_FREE char *path = runs_path(*folder, entry->d_name);
            if (!runs_is_name(entry->d_name) || !runs_is_run(path))
                continue;
            names.name = memory_grow(names.name, names.count, sizeof(*names.name));
            names.name[names.count++] = memory_format("%s", entry->d_name);
        }
        if (entries != NULL)
            closedir(entries);
    }
    sort(&names);
    return names;
}

void run_names_free(struct run_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
}

/* Writes "keep, web", and not very many. */
static void list(const struct run_names *names, struct text *out)
{
    enum { SHOWN = 10 };

    for (size_t i = 0; i < names->count && i < SHOWN; i++) {
        text_string(out, i > 0 ? ", " : "");
        text_string(out, names->name[i]);
    }
    text_string(out, names->count > SHOWN ? " ..." : "");
}

void run_names_require(const char *run)
{
    struct run_names names = run_names_find();
    char running[1024];
    struct text text;

    for (size_t i = 0; i < names.count; i++) {
        if (strcmp(names.name[i], run) == 0) {
            run_names_free(&names);
            return;
        }
    }
    text_init(&text, running, sizeof(running));
    list(&names, &text);
    const char *nearest = nearest_word(run, (const char *const *)names.name, names.count);
    if (names.count == 0)
        message_die(STATUS_NO, "no run named '%s': none is running", run);
    if (nearest == NULL)
        message_die(STATUS_NO, "no run named '%s'; running: %s", run, running);
    message_die(STATUS_NO, "no run named '%s'; running: %s: did you mean '%s'?", run, running,
                nearest);
}

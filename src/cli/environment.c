#include "cli/environment.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "core/text.h"

#define LIBRARY "libremap.so"

static const char SEPARATORS[] = " :"; /* ld.so(8) */

/* setenv(3) fails for want of memory alone. */
static void set_variable(const char *name, const char *value)
{
    if (setenv(name, value, 1) != 0)
        exit(message_no_memory());
}

void environment_set(enum config_key key, const char *value)
{
    if (value != NULL)
        set_variable(config_variable[key], value);
}

void environment_pin(enum config_key key)
{
    const char *value = getenv(config_variable[key]);
    char folder[PATH_MAX], *path = NULL;

    if (value == NULL || value[0] == '\0' || value[0] == '/' || !config_is_path(key, value) ||
        getcwd(folder, sizeof(folder)) == NULL)
        return;
    if (asprintf(&path, "%s/%s", folder, value) >= 0) {
        set_variable(config_variable[key], path);
        free(path);
    }
}

void environment_preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    size_t size = strlen(library);
    char *list = NULL;

    if (others == NULL || others[0] == '\0') {
        set_variable("LD_PRELOAD", library);
        return;
    }
    bool is_first = strncmp(others, library, size) == 0 && strchr(SEPARATORS, others[size]) != NULL;
    if (is_first)
        return;
    if (asprintf(&list, "%s:%s", library, others) < 0)
        list = NULL;
    set_variable("LD_PRELOAD", list != NULL ? list : library);
    free(list);
}

static bool is_ours(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, LIBRARY) == 0;
}

void environment_drop_preload(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    struct text others;
    char *list, *buf, *rest;

    if (preloaded == NULL)
        return;
    list = strdup(preloaded);
    buf = malloc(strlen(preloaded) + 1);
    if (list == NULL || buf == NULL)
        exit(message_no_memory());
    text_init(&others, buf, strlen(preloaded) + 1);
    for (char *path = strtok_r(list, SEPARATORS, &rest); path != NULL;
         path = strtok_r(NULL, SEPARATORS, &rest)) {
        if (is_ours(path))
            continue;
        if (others.used > 0)
            text_char(&others, ':');
        text_string(&others, path);
    }
    if (others.used > 0)
        set_variable("LD_PRELOAD", buf);
    else
        unsetenv("LD_PRELOAD");
    free(buf);
    free(list);
}

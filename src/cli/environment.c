#include "cli/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "core/text.h"
#include "registry/store.h"

#define LIBRARY "libremap.so"

static const char SEPARATORS[] = " :"; /* ld.so(8) */

/* setenv(3) fails only if out of memory. */
static void set_variable(const char *name, const char *value)
{
    if (setenv(name, value, 1) != 0)
        memory_is_out();
}

void environment_set(enum config_key key, const char *value)
{
    if (value != NULL)
        set_variable(config_variable[key], value);
}

void environment_drop_ignored(const struct config *config)
{
    char folder[STORE_DEFAULT_MAX];

    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (config->ignored >> key & 1)
            unsetenv(config_variable[key]);
    }
    if (config->ignored >> CONFIG_XDG_RUNTIME_DIR & 1)
        environment_set(CONFIG_STATE, store_default_folder(folder));
}

void environment_make_absolute(enum config_key key)
{
    const char *value = getenv(config_variable[key]);
    CLEANUP_FREE char *folder = getcwd(NULL, 0);

    if (folder == NULL || value == NULL || value[0] == '\0' || value[0] == '/' ||
        !config_is_path(key, value))
        return;
    CLEANUP_FREE char *path = memory_format("%s/%s", folder, value);
    set_variable(config_variable[key], path);
}

void environment_preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    size_t size = strlen(library);

    if (others == NULL || others[0] == '\0') {
        set_variable("LD_PRELOAD", library);
        return;
    }
    if (strncmp(others, library, size) == 0 && strchr(SEPARATORS, others[size]) != NULL)
        return;
    CLEANUP_FREE char *list = memory_format("%s:%s", library, others);
    set_variable("LD_PRELOAD", list);
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
    char *rest;

    if (preloaded == NULL)
        return;
    size_t size = strlen(preloaded) + 1;
    CLEANUP_FREE char *list = memory_check(strdup(preloaded));
    CLEANUP_FREE char *buf = memory_check(malloc(size));
    text_init(&others, buf, size);
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
}

#include "cli/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"
#include "cli/preload_path.h"
#include "core/text.h"
#include "registry/store.h"

static const char SEPARATORS[] = " :"; /* ld.so(8) */

/* The variables: those of this project, by their keys, and LD_PRELOAD. */
enum { PRELOAD = CONFIG_OWN_KEYS, VARIABLES };

static struct {
    bool is_changed, was_set;
} changes[VARIABLES];

static const char *name_of(int variable)
{
    return variable == PRELOAD ? "LD_PRELOAD" : config_variable[variable];
}

/* Sets a variable, or removes it if `value` is NULL. Fails only if out of memory. */
static void change(int variable, const char *value)
{
    const char *name = name_of(variable);

    if (!changes[variable].is_changed)
        changes[variable].was_set = getenv(name) != NULL;
    changes[variable].is_changed = true;
    if ((value != NULL ? setenv(name, value, 1) : unsetenv(name)) != 0)
        memory_is_out();
}

void environment_set(enum config_key key, const char *value)
{
    if (value != NULL)
        change((int)key, value);
}

void environment_remove(enum config_key key)
{
    change((int)key, NULL);
}

void environment_drop_ignored(const struct config *config)
{
    char folder[STORE_DEFAULT_MAX];

    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (config->ignored >> key & 1)
            environment_remove(key);
    }
    if (config->ignored >> CONFIG_XDG_RUNTIME_DIR & 1)
        environment_set(CONFIG_STATE, store_default_folder(folder));
}

void environment_make_absolute(enum config_key key)
{
    const char *value = getenv(config_variable[key]);

    if (value == NULL || value[0] == '\0' || value[0] == '/' || !config_is_path(key, value))
        return;
    CLEANUP_FREE char *folder = getcwd(NULL, 0);
    if (folder == NULL)
        return;
    CLEANUP_FREE char *path = memory_format("%s/%s", folder, value);
    environment_set(key, path);
}

void environment_preload(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    size_t size = strlen(library);

    if (others == NULL || others[0] == '\0') {
        change(PRELOAD, library);
        return;
    }
    if (strncmp(others, library, size) == 0 && strchr(SEPARATORS, others[size]) != NULL)
        return;
    CLEANUP_FREE char *list = memory_format("%s:%s", library, others);
    change(PRELOAD, list);
}

void environment_drop_preload(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    bool has_library = false;
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
        if (preload_path_is_library(path)) {
            has_library = true;
            continue;
        }
        if (others.used > 0)
            text_char(&others, ':');
        text_string(&others, path);
    }
    if (has_library)
        change(PRELOAD, others.used > 0 ? buf : NULL);
}

void environment_print(enum shell shell)
{
    for (int i = 0; i < VARIABLES; i++) {
        const char *value = getenv(name_of(i));
        if (changes[i].is_changed && (value != NULL || changes[i].was_set))
            shell_print_variable(shell, name_of(i), value);
    }
}

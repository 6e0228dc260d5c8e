#include "preload/env.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Costs nothing while it is untouched: it lies in .bss. */
static char storage[65536];
static size_t stored;
static const char *captured[CONFIG_KEYS];
static int lost = -1;
static atomic_bool is_captured;

/* The value in a string of environ, if it is that of `key`; else NULL. */
static const char *value_in(const char *variable, enum config_key key)
{
    size_t size = strlen(config_variable[key]);
    return strncmp(variable, config_variable[key], size) == 0 && variable[size] == '='
               ? variable + size + 1
               : NULL;
}

static void store(enum config_key key, const char *value)
{
    struct text copy;

    if (stored == sizeof(storage)) {
        lost = (int)key;
        return;
    }
    text_init(&copy, storage + stored, sizeof(storage) - stored);
    if (config_is_path(key, value) && value[0] != '/' && value[0] != '\0' &&
        getcwd(copy.buf, copy.size) != NULL) {
        copy.used = strlen(copy.buf);
        text_char(&copy, '/');
    }
    text_string(&copy, value);
    if (copy.cut) {
        lost = (int)key;
        return;
    }
    captured[key] = copy.buf;
    stored += copy.used + 1;
}

void env_capture(void)
{
    bool trusted = getauxval(AT_SECURE) == 0;

    for (char **variable = environ; trusted && variable != NULL && *variable != NULL; variable++) {
        /* Most variables are none of ours, and most processes read none of this. */
        if (strchr("RXH", (*variable)[0]) == NULL)
            continue;
        for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
            const char *value = value_in(*variable, key);
            if (value != NULL && captured[key] == NULL)
                store(key, value);
        }
    }
    atomic_store_explicit(&is_captured, true, memory_order_release);
}

const char *env_value(enum config_key key)
{
    if (atomic_load_explicit(&is_captured, memory_order_acquire))
        return captured[key];
    if (getauxval(AT_SECURE) != 0)
        return NULL;
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        const char *value = value_in(*variable, key);
        if (value != NULL)
            return value;
    }
    return NULL;
}

bool env_lost(enum config_key *key)
{
    if (lost >= 0)
        *key = (enum config_key)lost;
    return lost >= 0;
}

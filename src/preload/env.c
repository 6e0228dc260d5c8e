#include "preload/env.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"
#include "translate/engine.h"

/*
 * Values go into a small buffer, which does for most, and then into a mapping, so that
 * the library's own data is no more than a page: more would cost each program that is
 * started.
 */
enum { SMALL = 768, LARGE = 65536 };

static char small[SMALL];
static char *storage = small;
static size_t room = SMALL;
static size_t stored;
static const char *captured[CONFIG_KEYS];
static int lost = -1;
static atomic_bool is_captured;

/* The value in a string of environ, if it is that of `key`; else NULL. */
static const char *value_in(const char *variable, enum config_key key)
{
    const char *name = config_variable[key];

    while (*name != '\0' && *name == *variable) {
        name++;
        variable++;
    }
    return *name == '\0' && *variable == '=' ? variable + 1 : NULL;
}

/*
 * Whether a variable may be one of ours. Most are not, and most processes read none of
 * them. No function of libc is called for that: at the start of a program, each one costs
 * a page that is not in memory yet, which is more than all that is done here.
 */
static bool may_be_ours(const char *variable)
{
    return variable[0] == 'R' || variable[0] == 'X' || variable[0] == 'H';
}

/* Copies a value to what room there is. False where it does not fit. */
static bool try_store(enum config_key key, const char *value)
{
    struct text copy;

    if (stored == room)
        return false;
    text_init(&copy, storage + stored, room - stored);
    if (config_is_path(key, value) && value[0] != '/' && value[0] != '\0') {
        if (getcwd(copy.buf, copy.size) != NULL) {
            copy.used = strlen(copy.buf);
            text_char(&copy, '/');
        } else if (errno == ERANGE) {
            return false;
        }
    }
    text_string(&copy, value);
    if (copy.cut)
        return false;
    captured[key] = copy.buf;
    stored += copy.used + 1;
    return true;
}

static void store(enum config_key key, const char *value)
{
    if (try_store(key, value))
        return;
    if (storage == small) {
        void *large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (large != MAP_FAILED) {
            storage = large;
            room = LARGE;
            stored = 0;
        }
        if (large != MAP_FAILED && try_store(key, value))
            return;
    }
    lost = (int)key;
}

void env_capture(void)
{
    bool trusted = getauxval(AT_SECURE) == 0;

    for (char **variable = environ; trusted && variable != NULL && *variable != NULL; variable++) {
        if (!may_be_ours(*variable))
            continue;
        for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
            const char *value = value_in(*variable, key);
            if (value != NULL && captured[key] == NULL)
                store(key, value);
        }
    }
    atomic_store_explicit(&is_captured, true, memory_order_release);
}

/* Before env_capture has run, in the constructor of some other library, nobody can have changed it. */
const char *engine_value(enum config_key key)
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

bool engine_lost(enum config_key *key)
{
    if (lost >= 0)
        *key = (enum config_key)lost;
    return lost >= 0;
}

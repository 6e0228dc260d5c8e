#include "preload/initial_env.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"
#include "linux/sys.h"
#include "preload/preload_list.h"
#include "translate/engine.h"

/*
 * Values go into a small buffer, which does for most, and then into a mapping, so that
 * the library's own data is no more than a page: more would cost each program that is
 * started.
 */
enum { SMALL = 768, LARGE = 65536 + 8192 };

static char small[SMALL];
static char *storage = small;
static size_t room = SMALL;
static size_t stored;
static const char *captured[CONFIG_KEYS]; /* values, each behind its name */
static const char *preload;
static int lost = -1;
static atomic_bool is_captured;

/* Where the values are before they are copied. */
struct found {
    const char *value[CONFIG_KEYS];
    const char *preload;
    bool has_library_path;
};

const char *initial_env_match(const char *variable, const char *name)
{
    while (*name != '\0' && *name == *variable) {
        name++;
        variable++;
    }
    return *name == '\0' && *variable == '=' ? variable + 1 : NULL;
}

static void find_loader_variable(struct found *f, const char *variable)
{
    const char *list = initial_env_match(variable, "LD_PRELOAD");

    if (list != NULL)
        f->preload = list;
    else if (initial_env_match(variable, "LD_LIBRARY_PATH") != NULL)
        f->has_library_path = true;
}

/*
 * Most variables are none of ours, and most processes read none of them. No function of
 * libc is called for that: at the start of a program, each one costs a page that is not
 * in memory yet, which is more than all that is done here.
 */
static void find_variable(struct found *f, const char *variable)
{
    if (variable[0] == 'L' && variable[1] == 'D')
        find_loader_variable(f, variable);
    if (variable[0] != 'R' && variable[0] != 'X' && variable[0] != 'H')
        return;
    for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
        const char *value = initial_env_match(variable, config_variable[key]);
        if (value != NULL && f->value[key] == NULL)
            f->value[key] = value;
    }
}

/* A value to be copied. */
struct original {
    const char *name; /* to be put in front of it, or "" */
    const char *value;
    size_t size;
    bool goes_by_folder; /* a relative path */
};

/* Copies it to what room there is, and returns the copy's value; NULL where it does not fit. */
static const char *try_store(const struct original *o)
{
    struct text copy;

    if (stored == room)
        return NULL;
    text_init(&copy, storage + stored, room - stored);
    text_string(&copy, o->name);
    size_t value = copy.used;
    if (o->goes_by_folder) {
        long size =
            sys_call(SYS_getcwd, (long)copy.buf + (long)value, (long)(copy.size - value), 0);
        if (size > 0 && copy.buf[value] == '/') {
            copy.used += (size_t)size - 1;
            text_char(&copy, '/');
        } else if (size < 0 && errno == ERANGE) {
            return NULL;
        }
    }
    text_bytes(&copy, o->value, o->size);
    if (copy.cut)
        return NULL;
    stored += copy.used + 1;
    return copy.buf + value;
}

static const char *store(const struct original *o)
{
    const char *copy = try_store(o);

    if (copy == NULL && storage == small) {
        void *large = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (large == MAP_FAILED)
            return NULL;
        storage = large;
        room = LARGE;
        stored = 0;
        copy = try_store(o);
    }
    return copy;
}

static void store_value(enum config_key key, const char *value)
{
    char name[32];
    struct text text;

    text_init(&text, name, sizeof(name));
    text_string(&text, config_variable[key]);
    text_char(&text, '=');
    captured[key] = store(&(struct original){
        .name = name,
        .value = value,
        .size = strlen(value),
        .goes_by_folder = config_is_path(key, value) && value[0] != '/' && value[0] != '\0',
    });
    if (captured[key] == NULL)
        lost = (int)key;
}

/*
 * As it stands there: with a name alone, or $LIB, the loader finds the right library for
 * each kind of program. But for a name that was found by LD_LIBRARY_PATH, which others may
 * not have, it is the path where that was.
 */
static void store_preload(const struct found *f)
{
    struct preload_list_element own = preload_list_own(f->preload);

    if (own.size == 0)
        return;
    struct preload_list_element base = preload_list_base(&own);
    if (base.size == own.size && f->has_library_path)
        own = preload_list_first(preload_list_path());
    bool has_folder = preload_list_base(&own).size < own.size;
    preload = store(&(struct original){
        .name = "",
        .value = own.text,
        .size = own.size,
        .goes_by_folder = has_folder && own.text[0] != '/' && own.text[0] != '$',
    });
}

void initial_env_capture(void)
{
    struct found f = {.preload = NULL};
    bool trusted = getauxval(AT_SECURE) == 0;

    for (char **variable = environ; trusted && variable != NULL && *variable != NULL; variable++)
        find_variable(&f, *variable);
    if (f.preload != NULL)
        store_preload(&f);
    for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
        if (f.value[key] != NULL)
            store_value(key, f.value[key]);
    }
    atomic_store_explicit(&is_captured, true, memory_order_release);
}

const char *initial_env_variable(enum config_key key)
{
    if (captured[key] == NULL)
        return NULL;
    return captured[key] - strlen(config_variable[key]) - 1;
}

const char *initial_env_preload(void)
{
    return preload;
}

/* Before initial_env_capture has run, in the constructor of some other library, nobody can have changed it. */
const char *engine_value(enum config_key key)
{
    if (atomic_load_explicit(&is_captured, memory_order_acquire))
        return captured[key];
    if (getauxval(AT_SECURE) != 0)
        return NULL;
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        const char *value = initial_env_match(*variable, config_variable[key]);
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

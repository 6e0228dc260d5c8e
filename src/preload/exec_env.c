#include "preload/exec_env.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/text.h"
#include "linux/sys.h"
#include "preload/initial_env.h"
#include "preload/preload_list.h"
#include "preload/string_array.h"
#include "registry/store.h"
#include "translate/engine.h"

#define PRELOAD "LD_PRELOAD"
#define STATE_REST "/remap"
#define TABLE_REST "/remap.conf"
#define HOME_REST "/.config" TABLE_REST

/* A variable that is empty counts as not set, as in core/config.c. */
static bool is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

static bool is_same(const char *a, const char *b)
{
    return is_set(a) ? is_set(b) && strcmp(a, b) == 0 : !is_set(b);
}

/* ---- what was given ---- */

static void note_ours(struct exec_env *k, const char *variable)
{
    for (enum config_key key = 0; key < CONFIG_KEYS; key++) {
        const char *value = initial_env_match(variable, config_variable[key]);
        if (value != NULL && k->value[key] == NULL)
            k->value[key] = value;
    }
}

/* False where it cannot be read. *page is vector.h's. */
static bool note(struct exec_env *k, const char *variable, uintptr_t *page)
{
    if (!string_array_begins(variable, page))
        return false;
    bool is_loader = variable[0] == 'L';
    if (!is_loader && variable[0] != 'R' && variable[0] != 'X' && variable[0] != 'H')
        return true;
    if (!string_array_is_whole(variable, page))
        return false;
    const char *list = is_loader ? initial_env_match(variable, PRELOAD) : NULL;
    if (list != NULL)
        k->preload = list; /* the loader takes the last */
    else if (!is_loader)
        note_ours(k, variable);
    return true;
}

static bool note_all(struct exec_env *k)
{
    uintptr_t page = 0;

    for (size_t i = 0; i < k->count; i++) {
        if (!note(k, k->given[i], &page))
            return false;
    }
    return true;
}

/* ---- what it needs ---- */

/* Whether `path` is `rest` in some folder: a relative path that was made absolute. */
static bool is_in_folder(const char *path, const char *rest, size_t size)
{
    size_t whole = strlen(path);

    return whole > size && path[whole - size - 1] == '/' &&
           memcmp(path + whole - size, rest, size) == 0;
}

/* A relative path to this library, which was found by it at start but need not be from here. */
static bool is_stale(const struct preload_list_element *e)
{
    struct preload_list_element base = preload_list_base(e);

    return base.size < e->size && e->text[0] != '/' &&
           is_in_folder(initial_env_preload(), e->text, e->size);
}

static bool has_preload(const char *list)
{
    struct preload_list_element own = preload_list_first(initial_env_preload()),
                                name = preload_list_base(&own);

    for (struct preload_list_element e = preload_list_first(list); e.size > 0;
         e = preload_list_after(&e)) {
        struct preload_list_element base = preload_list_base(&e);
        if (preload_list_equal(&base, &name))
            return !is_stale(&e);
    }
    return false;
}

/* A path that only the loader can make sense of is taken to be right. */
static bool can_be_loaded(const char *library)
{
    return library[0] != '/' || strchr(library, '$') != NULL || sys_access(library, R_OK) == 0;
}

static bool is_lost(const struct exec_env *k, enum config_key key)
{
    const char *own = engine_value(key), *given = k->value[key];

    if (!is_set(own))
        return false;
    if (given != NULL)
        return is_set(given) && given[0] != '/' && config_is_path(key, given) &&
               is_in_folder(own, given, strlen(given));
    return key != CONFIG_RULES || !is_set(k->value[CONFIG_FILE]) ||
           is_same(k->value[CONFIG_FILE], engine_value(CONFIG_FILE));
}

static bool is_moved(const struct exec_env *k, enum config_key key)
{
    return !is_same(engine_value(key), k->value[key]);
}

static bool is_set_anywhere(const struct exec_env *k, enum config_key key)
{
    return is_set(engine_value(key)) || is_set(k->value[key]);
}

static void judge(struct exec_env *k)
{
    k->put_preload = !has_preload(k->preload);
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        k->put[key] = is_lost(k, key);
    k->find_state = is_moved(k, CONFIG_XDG_RUNTIME_DIR) && !is_set_anywhere(k, CONFIG_STATE);
    k->find_table = (is_moved(k, CONFIG_XDG_CONFIG_HOME) || is_moved(k, CONFIG_HOME)) &&
                    !is_set_anywhere(k, CONFIG_RULES) && !is_set_anywhere(k, CONFIG_FILE);
}

static bool is_inherit(const struct exec_env *k)
{
    const char *given = k->value[CONFIG_EXEC], *own = engine_value(CONFIG_EXEC);

    if (is_set(given))
        return config_is_inherit(given);
    return is_set(own) && config_is_inherit(own);
}

static bool read_given(struct exec_env *k)
{
    if (!string_array_count(k->given, &k->count) || !note_all(k) || is_inherit(k))
        return false;
    judge(k);
    return !k->put_preload || can_be_loaded(initial_env_preload());
}

bool exec_env_read(struct exec_env *k, char *const envp[])
{
    int saved = errno;

    if (initial_env_preload() == NULL)
        return false;
    *k = (struct exec_env){.given = envp, .preload = ""};
    bool is_read = read_given(k);
    errno = saved;
    return is_read;
}

/* ---- what it gets ---- */

static size_t length(const char *value)
{
    return value != NULL ? strlen(value) : 0;
}

static size_t preload_size(const struct exec_env *k)
{
    return sizeof(PRELOAD "=:") + strlen(initial_env_preload()) + strlen(k->preload);
}

static size_t state_size(void)
{
    size_t own = length(engine_value(CONFIG_XDG_RUNTIME_DIR)) + sizeof(STATE_REST);

    return sizeof("REMAP_STATE=") + (own > STORE_DEFAULT_MAX ? own : STORE_DEFAULT_MAX);
}

static size_t table_size(void)
{
    return sizeof("REMAP_FILE=" HOME_REST) + length(engine_value(CONFIG_XDG_CONFIG_HOME)) +
           length(engine_value(CONFIG_HOME));
}

/* How many strings there may be more, and the NULL at the end. */
static size_t additions(const struct exec_env *k)
{
    size_t more = (size_t)k->put_preload + k->find_state + k->find_table;

    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        more += k->put[key];
    return more + 1;
}

size_t exec_env_size(const struct exec_env *k)
{
    size_t strings = 0;

    if (additions(k) == 1)
        return 0;
    strings += k->put_preload ? preload_size(k) : 0;
    strings += k->find_state ? state_size() : 0;
    strings += k->find_table ? table_size() : 0;
    return (k->count + additions(k)) * sizeof(char *) + strings;
}

/* Begins a string in the memory that is left. */
static struct text begin(struct text *left, const char *name)
{
    struct text out;

    text_init(&out, left->buf + left->used, left->size - left->used);
    text_string(&out, name);
    text_char(&out, '=');
    return out;
}

/* Keeps it. */
static const char *end(struct text *left, const struct text *out)
{
    left->used += out->used + 1;
    return out->buf;
}

static const char *make_preload(const struct exec_env *k, struct text *left)
{
    struct text out = begin(left, PRELOAD);

    text_string(&out, initial_env_preload());
    for (struct preload_list_element e = preload_list_first(k->preload); e.size > 0;
         e = preload_list_after(&e)) {
        if (is_stale(&e))
            continue;
        text_char(&out, ':');
        text_bytes(&out, e.text, e.size);
    }
    return end(left, &out);
}

/*
 * The folder that this process would use, as in translate/state.c: the default one is
 * that of a program without XDG_RUNTIME_DIR, too.
 */
static const char *make_state(const struct exec_env *k, struct text *left)
{
    struct text out = begin(left, config_variable[CONFIG_STATE]);
    const char *own = engine_value(CONFIG_XDG_RUNTIME_DIR), *problem, *folder = out.buf + out.used;
    char fallback[STORE_DEFAULT_MAX];
    size_t name = out.used;

    if (is_set(own)) {
        text_string(&out, own);
        text_string(&out, STATE_REST);
        struct registry *r = store_open(folder, &problem);
        if (r != NULL) {
            registry_destroy(r);
            return end(left, &out);
        }
    }
    if (!is_set(k->value[CONFIG_XDG_RUNTIME_DIR]))
        return NULL;
    out.used = name;
    text_string(&out, store_default_folder(fallback));
    return end(left, &out);
}

/* The file of a home folder, as in core/config.c, if it is there. */
static const char *make_table(struct text *left)
{
    struct text out = begin(left, config_variable[CONFIG_FILE]);
    const char *xdg = engine_value(CONFIG_XDG_CONFIG_HOME), *home = engine_value(CONFIG_HOME);
    const char *path = out.buf + out.used;
    bool is_xdg = is_set(xdg) && xdg[0] == '/';
    struct statx st;

    if (!is_xdg && (!is_set(home) || home[0] != '/'))
        return NULL;
    text_string(&out, is_xdg ? xdg : home);
    text_string(&out, is_xdg ? TABLE_REST : HOME_REST);
    return sys_statx(path, STATX_TYPE, &st) == 0 ? end(left, &out) : NULL;
}

/* Whether what is put is put in the place of this. */
static bool is_replaced(const char *variable, const char *const put[], const char *list)
{
    if (list != NULL && initial_env_match(variable, PRELOAD) != NULL)
        return true;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (put[key] != NULL && initial_env_match(variable, config_variable[key]) != NULL)
            return true;
    }
    return false;
}

char *const *exec_env_build(const struct exec_env *k, void *memory)
{
    size_t pointers = (k->count + additions(k)) * sizeof(char *), n = 0;
    struct text left = {.buf = (char *)memory + pointers, .size = exec_env_size(k) - pointers};
    const char **to = memory, *put[CONFIG_OWN_KEYS];

    const char *list = k->put_preload ? make_preload(k, &left) : NULL;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        put[key] = k->put[key] ? initial_env_variable(key) : NULL;
    if (k->find_state)
        put[CONFIG_STATE] = make_state(k, &left);
    if (k->find_table)
        put[CONFIG_FILE] = make_table(&left);
    for (size_t i = 0; i < k->count; i++) {
        if (!is_replaced(k->given[i], put, list))
            to[n++] = k->given[i];
    }
    if (list != NULL)
        to[n++] = list;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (put[key] != NULL)
            to[n++] = put[key];
    }
    to[n] = NULL;
    return (char *const *)to;
}

const char *exec_env_run(const struct exec_env *k)
{
    const char *given = k->value[CONFIG_RUN];
    const char *run = given != NULL ? given : engine_value(CONFIG_RUN);

    return run != NULL && run[0] == '/' ? run : NULL;
}

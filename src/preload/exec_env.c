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
#define STATE_FOLDER "/remap"
#define TABLE_FILE "/remap.conf"
#define HOME_TABLE_FILE "/.config" TABLE_FILE

/* As in core/config.c, an empty variable counts as not set. */
static bool is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

static bool is_same(const char *a, const char *b)
{
    return is_set(a) ? is_set(b) && strcmp(a, b) == 0 : !is_set(b);
}

/* ---- what was given ---- */

/* Returns false if the variable cannot be read. *page is as in string_array.h. */
static bool read_variable(struct exec_env *e, const char *variable, uintptr_t *page)
{
    if (!string_array_begins(variable, page))
        return false;
    if (!initial_env_may_match(variable))
        return true;
    if (!string_array_is_whole(variable, page))
        return false;
    const char *list = initial_env_match(variable, PRELOAD);
    if (list != NULL)
        e->preload = list; /* the loader takes the last one */
    else
        initial_env_collect(variable, e->value);
    return true;
}

static bool read_all(struct exec_env *e)
{
    uintptr_t page = 0;

    if (!string_array_count(e->given, &e->count))
        return false;
    for (size_t i = 0; i < e->count; i++) {
        if (!read_variable(e, e->given[i], &page))
            return false;
    }
    return true;
}

static bool is_inherit(const struct exec_env *e)
{
    const char *given = e->value[CONFIG_EXEC], *own = engine_value(CONFIG_EXEC);

    if (is_set(given))
        return config_is_inherit(given);
    return is_set(own) && config_is_inherit(own);
}

/* ---- what is missing ---- */

/* Whether an absolute path is the relative one, in some folder. */
static bool is_in_folder(const char *path, const char *relative, size_t size)
{
    size_t whole = strlen(path);

    return whole > size && path[whole - size - 1] == '/' &&
           memcmp(path + whole - size, relative, size) == 0;
}

/* Whether it is the relative path that led to this library at start: it may not from here. */
static bool is_stale(const struct preload_list_element *e)
{
    struct preload_list_element base = preload_list_base(e);

    return base.size < e->size && e->text[0] != '/' &&
           is_in_folder(initial_env_preload(), e->text, e->size);
}

static bool has_library(const char *list)
{
    struct preload_list_element own = preload_list_first(initial_env_preload());
    struct preload_list_element found = preload_list_find(list, &own);

    return found.size > 0 && !is_stale(&found);
}

/* Only the loader can resolve a name without a folder, or one with $LIB. */
static bool can_be_loaded(const char *library)
{
    return library[0] != '/' || strchr(library, '$') != NULL || sys_access(library, R_OK) == 0;
}

static bool lacks_variable(const struct exec_env *e, enum config_key key)
{
    const char *own = engine_value(key), *given = e->value[key];

    if (!is_set(own))
        return false;
    if (given != NULL)
        return is_set(given) && given[0] != '/' && config_is_path(key, given) &&
               is_in_folder(own, given, strlen(given));
    return key != CONFIG_RULES || !is_set(e->value[CONFIG_FILE]) ||
           is_same(e->value[CONFIG_FILE], engine_value(CONFIG_FILE));
}

static bool differs(const struct exec_env *e, enum config_key key)
{
    return !is_same(engine_value(key), e->value[key]);
}

static bool is_set_anywhere(const struct exec_env *e, enum config_key key)
{
    return is_set(engine_value(key)) || is_set(e->value[key]);
}

static void find_missing(struct exec_env *e)
{
    e->lacks_preload = !has_library(e->preload);
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        e->lacks[key] = lacks_variable(e, key);
    if (differs(e, CONFIG_XDG_RUNTIME_DIR) && !is_set_anywhere(e, CONFIG_STATE))
        e->lacks[CONFIG_STATE] = true;
    if ((differs(e, CONFIG_XDG_CONFIG_HOME) || differs(e, CONFIG_HOME)) &&
        !is_set_anywhere(e, CONFIG_RULES) && !is_set_anywhere(e, CONFIG_FILE))
        e->lacks[CONFIG_FILE] = true;
}

static bool read_given(struct exec_env *e)
{
    if (!read_all(e) || is_inherit(e))
        return false;
    find_missing(e);
    return !e->lacks_preload || can_be_loaded(initial_env_preload());
}

bool exec_env_read(struct exec_env *e, char *const envp[])
{
    int saved = errno;

    if (initial_env_preload() == NULL)
        return false;
    *e = (struct exec_env){.given = envp, .preload = ""};
    bool is_read = read_given(e);
    errno = saved;
    return is_read;
}

/* ---- the complete environment ---- */

static size_t length(const char *value)
{
    return value != NULL ? strlen(value) : 0;
}

/* The most that LD_PRELOAD, REMAP_STATE and REMAP_FILE take, as they are made below. */
static size_t strings_size(const struct exec_env *e)
{
    size_t size = 0;

    if (e->lacks_preload)
        size += sizeof(PRELOAD "=:") + strlen(initial_env_preload()) + strlen(e->preload);
    if (e->lacks[CONFIG_STATE])
        size += sizeof("REMAP_STATE=" STATE_FOLDER) + STORE_DEFAULT_MAX +
                length(engine_value(CONFIG_XDG_RUNTIME_DIR));
    if (e->lacks[CONFIG_FILE])
        size += sizeof("REMAP_FILE=" HOME_TABLE_FILE) +
                length(engine_value(CONFIG_XDG_CONFIG_HOME)) + length(engine_value(CONFIG_HOME));
    return size;
}

/* The given strings, those that are missing, and the NULL. */
static size_t pointers_size(const struct exec_env *e)
{
    return (e->count + 1 + CONFIG_OWN_KEYS + 1) * sizeof(char *);
}

size_t exec_env_size(const struct exec_env *e)
{
    bool lacks_any = e->lacks_preload;

    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        lacks_any = lacks_any || e->lacks[key];
    return lacks_any ? pointers_size(e) + strings_size(e) : 0;
}

/* Begins a variable in the memory that is left. */
static struct text begin(const struct text *left, const char *name)
{
    struct text out;

    text_init(&out, left->buf + left->used, left->size - left->used);
    text_string(&out, name);
    text_char(&out, '=');
    return out;
}

/* Takes its memory. */
static const char *end(struct text *left, const struct text *out)
{
    left->used += out->used + 1;
    return out->buf;
}

static const char *make_preload(const struct exec_env *e, struct text *left)
{
    struct text out = begin(left, PRELOAD);

    text_string(&out, initial_env_preload());
    for (struct preload_list_element each = preload_list_first(e->preload); each.size > 0;
         each = preload_list_after(&each)) {
        if (is_stale(&each))
            continue;
        text_char(&out, ':');
        text_bytes(&out, each.text, each.size);
    }
    return end(left, &out);
}

/* As in translate/state.c: the default folder is also that of a program without XDG_RUNTIME_DIR. */
static const char *make_state(const struct exec_env *e, struct text *left)
{
    struct text out = begin(left, config_variable[CONFIG_STATE]);
    const char *own = engine_value(CONFIG_XDG_RUNTIME_DIR), *problem, *folder = out.buf + out.used;
    char fallback[STORE_DEFAULT_MAX];
    size_t name = out.used;

    if (is_set(own)) {
        text_string(&out, own);
        text_string(&out, STATE_FOLDER);
        struct registry *r = store_open(folder, &problem);
        if (r != NULL) {
            registry_destroy(r);
            return end(left, &out);
        }
    }
    if (!is_set(e->value[CONFIG_XDG_RUNTIME_DIR]))
        return NULL;
    out.used = name;
    text_string(&out, store_default_folder(fallback));
    return end(left, &out);
}

/* The file of the home folder, as in core/config.c, if it exists. */
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
    text_string(&out, is_xdg ? TABLE_FILE : HOME_TABLE_FILE);
    return sys_statx(path, STATX_TYPE, &st) == 0 ? end(left, &out) : NULL;
}

static const char *make_variable(const struct exec_env *e, enum config_key key, struct text *left)
{
    if (is_set(engine_value(key)))
        return initial_env_variable(key);
    return key == CONFIG_STATE ? make_state(e, left) : make_table(left);
}

/* Whether the new environment has another string in place of a given one. */
static bool is_replaced(const char *variable, const char *const made[], const char *list)
{
    if (list != NULL && initial_env_match(variable, PRELOAD) != NULL)
        return true;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (made[key] != NULL && initial_env_match(variable, config_variable[key]) != NULL)
            return true;
    }
    return false;
}

char *const *exec_env_build(const struct exec_env *e, void *memory)
{
    size_t n = 0;
    struct text left = {.buf = (char *)memory + pointers_size(e), .size = strings_size(e)};
    const char **to = memory, *made[CONFIG_OWN_KEYS];

    const char *list = e->lacks_preload ? make_preload(e, &left) : NULL;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        made[key] = e->lacks[key] ? make_variable(e, key, &left) : NULL;
    for (size_t i = 0; i < e->count; i++) {
        if (!is_replaced(e->given[i], made, list))
            to[n++] = e->given[i];
    }
    if (list != NULL)
        to[n++] = list;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (made[key] != NULL)
            to[n++] = made[key];
    }
    to[n] = NULL;
    return (char *const *)to;
}

const char *exec_env_run(const struct exec_env *e)
{
    const char *given = e->value[CONFIG_RUN];
    const char *run = given != NULL ? given : engine_value(CONFIG_RUN);

    return run != NULL && run[0] == '/' ? run : NULL;
}

#include "preload/exec_env.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/text.h"
#include "linux/sys.h"
#include "linux/trust.h"
#include "linux/user_memory.h"
#include "preload/initial_env.h"
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

/* ---- strings of the caller, whose memory may be bad ---- */

/* *page is the last page that was found to be readable, at first 0. */
static bool can_read(const void *at, size_t size, uintptr_t *page)
{
    uintptr_t first = (uintptr_t)at / USER_MEMORY_PAGE;
    uintptr_t last = ((uintptr_t)at + size - 1) / USER_MEMORY_PAGE;

    if (first == *page && last == *page && *page != 0)
        return true;
    if (!user_memory_readable(at, size))
        return false;
    *page = last;
    return true;
}

static bool can_read_string(const char *string, uintptr_t *page)
{
    while (can_read(string, 1, page)) {
        size_t left = USER_MEMORY_PAGE - (uintptr_t)string % USER_MEMORY_PAGE;
        if (strnlen(string, left) < left)
            return true;
        string += left;
    }
    return false;
}

bool exec_env_count(char *const list[], size_t *count)
{
    uintptr_t page = 0;

    *count = 0;
    while (list != NULL) {
        if (*count > EXEC_ENV_MAX || !can_read(&list[*count], sizeof(*list), &page))
            return false;
        if (list[*count] == NULL)
            break;
        ++*count;
    }
    return true;
}

/* ---- what was given ---- */

/* Returns false if the variable cannot be read. *page is as for can_read(). */
static bool read_variable(struct exec_env *e, const char *variable, uintptr_t *page)
{
    if (!can_read(variable, 1, page))
        return false;
    if (!initial_env_may_match(variable))
        return true;
    if (!can_read_string(variable, page))
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

    if (!exec_env_count(e->given, &e->count))
        return false;
    for (size_t i = 0; i < e->count; i++) {
        if (!read_variable(e, e->given[i], &page))
            return false;
    }
    return true;
}

static bool is_inherit(const struct exec_env *e)
{
    const char *given = e->value[CONFIG_EXEC];
    const char *word = is_set(given) ? given : engine_value(CONFIG_EXEC);

    return word != NULL && config_is_inherit(word);
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
static bool is_stale(const struct initial_env_library *l)
{
    return l->text[0] != '/' && memchr(l->text, '/', l->size) != NULL &&
           is_in_folder(initial_env_preload(), l->text, l->size);
}

static bool has_library(const char *list)
{
    struct initial_env_library own = initial_env_first(initial_env_preload());
    struct initial_env_library found = initial_env_find(list, &own);

    return found.size > 0 && !is_stale(&found);
}

/* Only the loader can resolve a name without a folder, or one with $LIB. */
static bool can_be_loaded(const char *library)
{
    return library[0] != '/' || strchr(library, '$') != NULL || sys_access(library, R_OK) == 0;
}

/* Whether the value given and the one at start differ. */
static bool differs(const struct exec_env *e, enum config_key key)
{
    const char *own = engine_value(key), *given = e->value[key];

    return is_set(own) != is_set(given) || (is_set(own) && strcmp(own, given) != 0);
}

static bool lacks_variable(const struct exec_env *e, enum config_key key)
{
    const char *own = engine_value(key), *given = e->value[key];

    if (!is_set(own))
        return false;
    if (given != NULL)
        return is_set(given) && given[0] != '/' && config_is_path(key, given) &&
               is_in_folder(own, given, strlen(given));
    return key != CONFIG_RULES || !is_set(e->value[CONFIG_FILE]) || !differs(e, CONFIG_FILE);
}

static bool is_set_anywhere(const struct exec_env *e, enum config_key key)
{
    return is_set(engine_value(key)) || is_set(e->value[key]);
}

static size_t length(const char *value)
{
    return value != NULL ? strlen(value) : 0;
}

/* The most that LD_PRELOAD, REMAP_STATE and REMAP_FILE take, as they are made below. */
static size_t strings_size(const struct exec_env *e)
{
    return sizeof(PRELOAD "=:") + strlen(initial_env_preload()) + strlen(e->preload) +
           sizeof("REMAP_STATE=" STATE_FOLDER) + STORE_DEFAULT_MAX +
           length(engine_value(CONFIG_XDG_RUNTIME_DIR)) + sizeof("REMAP_FILE=" HOME_TABLE_FILE) +
           length(engine_value(CONFIG_XDG_CONFIG_HOME)) + length(engine_value(CONFIG_HOME));
}

/* The given strings, those that are missing, and the NULL. */
static size_t pointers_size(const struct exec_env *e)
{
    return (e->count + 1 + CONFIG_OWN_KEYS + 1) * sizeof(char *);
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
    if (e->lacks_preload || memchr(e->lacks, 1, sizeof(e->lacks)) != NULL)
        e->size = pointers_size(e) + strings_size(e);
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

/* Begins the string "NAME=" behind the last one. The caller ends it with a NUL. */
static const char *begin(struct text *out, const char *name)
{
    const char *string = out->buf + out->used;

    text_string(out, name);
    text_char(out, '=');
    return string;
}

static const char *make_preload(const struct exec_env *e, struct text *out)
{
    const char *made = begin(out, PRELOAD);

    text_string(out, initial_env_preload());
    for (struct initial_env_library each = initial_env_first(e->preload); each.size > 0;
         each = initial_env_first(each.text + each.size)) {
        if (is_stale(&each))
            continue;
        text_char(out, ':');
        text_bytes(out, each.text, each.size);
    }
    text_char(out, '\0');
    return made;
}

/* As in core/config.c, root does not take a path that other users can change. */
static bool is_trusted(const char *path)
{
    return sys_geteuid() != 0 || trust_of(path) <= CONFIG_TRUSTED_IF_MADE;
}

/* As in translate/shared_registry.c: a program without XDG_RUNTIME_DIR has the default folder too. */
static const char *make_state(const struct exec_env *e, struct text *out)
{
    const char *made = begin(out, config_variable[CONFIG_STATE]), *folder = out->buf + out->used;
    const char *own = engine_value(CONFIG_XDG_RUNTIME_DIR), *problem;
    char fallback[STORE_DEFAULT_MAX];
    struct registry *r = NULL;

    if (is_set(own)) {
        text_string(out, own);
        text_string(out, STATE_FOLDER);
        if (is_trusted(folder))
            r = store_open(folder, &problem);
    }
    if (r != NULL) {
        registry_destroy(r);
    } else if (is_set(e->value[CONFIG_XDG_RUNTIME_DIR])) {
        out->used = (size_t)(folder - out->buf);
        text_string(out, store_default_folder(fallback));
    } else {
        return NULL;
    }
    text_char(out, '\0');
    return made;
}

/* The file of the home folder, as in core/config.c, if it exists. */
static const char *make_table(struct text *out)
{
    const char *made = begin(out, config_variable[CONFIG_FILE]), *path = out->buf + out->used;
    const char *xdg = engine_value(CONFIG_XDG_CONFIG_HOME), *home = engine_value(CONFIG_HOME);
    bool is_xdg = is_set(xdg) && xdg[0] == '/';
    struct statx st;

    if (!is_xdg && (!is_set(home) || home[0] != '/'))
        return NULL;
    text_string(out, is_xdg ? xdg : home);
    text_string(out, is_xdg ? TABLE_FILE : HOME_TABLE_FILE);
    text_char(out, '\0');
    return sys_statx(path, STATX_TYPE, &st) == 0 && is_trusted(path) ? made : NULL;
}

static const char *make_variable(const struct exec_env *e, enum config_key key, struct text *out)
{
    if (is_set(engine_value(key)))
        return initial_env_variable(key);
    return key == CONFIG_STATE ? make_state(e, out) : make_table(out);
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
    int saved = errno;
    size_t n = 0;
    struct text out = {.buf = (char *)memory + pointers_size(e), .size = strings_size(e)};
    const char **to = memory, *made[CONFIG_OWN_KEYS];

    const char *list = e->lacks_preload ? make_preload(e, &out) : NULL;
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++)
        made[key] = e->lacks[key] ? make_variable(e, key, &out) : NULL;
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
    errno = saved;
    return (char *const *)to;
}

const char *exec_env_run(const struct exec_env *e)
{
    const char *given = e->value[CONFIG_RUN], *self = (const char *)getauxval(AT_EXECFN);
    const char *run = given != NULL ? given : engine_value(CONFIG_RUN);

    if (run == NULL || run[0] != '/' || (self != NULL && strcmp(run, self) == 0))
        return NULL;
    return run;
}

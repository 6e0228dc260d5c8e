#include "core/config.h"

#include <errno.h>
#include <string.h>

#define FILE_NAME "/remap.conf"
#define STATE_OFF "off"

const char *const config_variable[CONFIG_KEYS] = {
    [CONFIG_RULES] = "REMAP",
    [CONFIG_FILE] = "REMAP_FILE",
    [CONFIG_WHEN] = "REMAP_WHEN",
    [CONFIG_REPORT] = "REMAP_REPORT",
    [CONFIG_CONNECT] = "REMAP_CONNECT",
    [CONFIG_LOG] = "REMAP_LOG",
    [CONFIG_LOG_FILE] = "REMAP_LOG_FILE",
    [CONFIG_STATE] = "REMAP_STATE",
    [CONFIG_EXEC] = "REMAP_EXEC",
    [CONFIG_RUN] = "REMAP_RUN",
    [CONFIG_DATAGRAMS] = "REMAP_DATAGRAMS",
    [CONFIG_SOCKETS] = "REMAP_SOCKETS",
    [CONFIG_XDG_RUNTIME_DIR] = "XDG_RUNTIME_DIR",
    [CONFIG_XDG_CONFIG_HOME] = "XDG_CONFIG_HOME",
    [CONFIG_HOME] = "HOME",
};

bool config_is_path(enum config_key key, const char *value)
{
    return key == CONFIG_FILE || key == CONFIG_LOG_FILE ||
           (key == CONFIG_STATE && strcmp(value, STATE_OFF) != 0);
}

/* A variable that is empty counts as not set, as with those of locale(7). */
static const char *value_of(const struct config_input *in, enum config_key key)
{
    const char *value = in->value(key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- settings ---- */

/* Of each setting: where it is in struct config, as an int, and its words in the order of its enum. */
static const struct {
    size_t at;
    const char *words[5];
} SETTINGS[CONFIG_OWN_KEYS] = {
    [CONFIG_WHEN] = {offsetof(struct config, when), {"always", "denied"}},
    [CONFIG_REPORT] = {offsetof(struct config, report), {"asked", "actual"}},
    [CONFIG_CONNECT] = {offsetof(struct config, connect), {"registry", "table", "off"}},
    [CONFIG_EXEC] = {offsetof(struct config, exec), {"keep", "inherit"}},
    [CONFIG_DATAGRAMS] = {offsetof(struct config, datagrams), {"off", "on"}},
    [CONFIG_LOG] = {offsetof(struct config, level), {"off", "error", "info", "debug"}},
};

static void fault_word(const char *const words[], const char *value, const char *source,
                       struct diag *d)
{
    struct text out = diag_at(d, &(struct source){source, value, strlen(value), false}, value);

    text_string(&out, "unknown value: use ");
    for (int i = 0; words[i] != NULL; i++) {
        if (i > 0)
            text_string(&out, words[i + 1] == NULL ? " or " : ", ");
        text_string(&out, words[i]);
    }
}

bool config_set(struct config *c, enum config_key key, const char *value, const char *source,
                struct diag *d)
{
    const char *const *words = SETTINGS[key].words;
    int found = 0;

    while (words[found] != NULL && strcmp(words[found], value) != 0)
        found++;
    if (words[found] == NULL) {
        fault_word(words, value, source, d);
        return false;
    }
    memcpy((char *)c + SETTINGS[key].at, &found, sizeof(found));
    return true;
}

bool config_is_inherit(const char *value)
{
    return strcmp(value, SETTINGS[CONFIG_EXEC].words[EXEC_INHERIT]) == 0;
}

static bool load_setting(struct config *c, enum config_key key, const struct config_input *in,
                         struct diag *d)
{
    const char *value = value_of(in, key);
    return value == NULL || config_set(c, key, value, config_variable[key], d);
}

static bool load_settings(struct config *c, const struct config_input *in, struct diag *d)
{
    for (enum config_key key = 0; key < CONFIG_OWN_KEYS; key++) {
        if (SETTINGS[key].words[0] != NULL && !load_setting(c, key, in, d))
            return false;
    }
    return true;
}

/* Writes one string behind the other. Returns false if they do not fit. */
static bool join(char path[CONFIG_PATH_MAX], const char *first, const char *second)
{
    struct text out;

    text_init(&out, path, CONFIG_PATH_MAX);
    text_string(&out, first);
    text_string(&out, second);
    return !out.cut;
}

/* Copies the path that a variable holds, if it is set, with `rest` appended. */
static bool load_path(char path[CONFIG_PATH_MAX], enum config_key key, const char *rest,
                      const struct config_input *in, struct diag *d)
{
    const char *value = value_of(in, key);

    if (value == NULL || join(path, value, rest))
        return true;
    path[0] = '\0';
    return diag_whole(d, config_variable[key], "the path is too long");
}

/* Returns whether the path in a variable can be used. `is_made`: it is a folder that is made, and checked. */
static bool takes(struct config *c, enum config_key key, const char *path, bool is_made,
                  const struct config_input *in)
{
    enum config_trust trust = in->trust != NULL ? in->trust(path) : CONFIG_TRUSTED;

    if (trust == CONFIG_TRUSTED || (trust == CONFIG_TRUSTED_IF_MADE && is_made))
        return true;
    c->ignored |= 1u << key;
    return false;
}

static bool load_log_file(struct config *c, const struct config_input *in, struct diag *d)
{
    if (!load_path(c->log_file, CONFIG_LOG_FILE, "", in, d))
        return false;
    if (c->log_file[0] != '\0' && !takes(c, CONFIG_LOG_FILE, c->log_file, false, in))
        c->log_file[0] = '\0';
    return true;
}

static bool load_state(struct config *c, const struct config_input *in, struct diag *d)
{
    if (!load_path(c->state, CONFIG_STATE, "", in, d))
        return false;
    c->state_off = strcmp(c->state, STATE_OFF) == 0;
    c->state_given =
        c->state_off || (c->state[0] != '\0' && takes(c, CONFIG_STATE, c->state, true, in));
    if (c->state_given)
        return true;
    c->state[0] = '\0';
    if (!load_path(c->state, CONFIG_XDG_RUNTIME_DIR, "/remap", in, d))
        return false;
    if (c->state[0] != '\0' && !takes(c, CONFIG_XDG_RUNTIME_DIR, c->state, true, in))
        c->state[0] = '\0';
    return true;
}

/* ---- files ---- */

static const char *read_problem(long error)
{
    switch (error) {
    case -ENOENT:
    case -ENOTDIR:
        return "no such file";
    case -EACCES:
        return "permission denied";
    case -EPERM:
        return "permission denied: a folder in its path is closed to this user";
    case -EMFILE:
    case -ENFILE:
        return "too many open files: raise the limit (ulimit -n)";
    case -EISDIR:
        return "is a directory";
    case -EFBIG:
        return "larger than 64 KiB";
    default:
        return "cannot be read";
    }
}

/* A file that was read: its size, or an error. */
struct file {
    long size;
    bool is_secret;
};

static struct file read_file(const char *path, const struct config_input *in)
{
    struct file f = {.is_secret = false};

    f.size = in->read(path, in->buf, CONFIG_FILE_MAX, &f.is_secret);
    return f;
}

static bool parse_file(struct table *t, const char *path, struct file f,
                       const struct config_input *in, struct diag *d)
{
    const struct source source = {
        .name = path, .text = in->buf, .size = (size_t)f.size, .is_secret = f.is_secret};

    return f.size < 0 ? diag_whole(d, path, read_problem(f.size)) : table_parse(t, &source, d);
}

bool config_read_table(struct table *t, const char *path, const struct config_input *in,
                       struct diag *d)
{
    return parse_file(t, path, read_file(path, in), in, d);
}

/* ---- sources ---- */

static bool parse_rules(struct config *c, const char *name, const char *rules, struct diag *d)
{
    join(c->source, name, "");
    const struct source source = {.name = c->source, .text = rules, .size = strlen(rules)};
    return table_parse(&c->table, &source, d);
}

/* A relative path is ignored (XDG Base Directory Specification, 'Environment variables'). */
static struct file read_home_file(struct config *c, const struct config_input *in)
{
    const char *xdg = value_of(in, CONFIG_XDG_CONFIG_HOME), *home = value_of(in, CONFIG_HOME);
    bool is_xdg = xdg != NULL && xdg[0] == '/';
    enum config_trust trust = CONFIG_TRUSTED;

    if (is_xdg)
        join(c->source, xdg, FILE_NAME);
    else if (home != NULL && home[0] == '/')
        join(c->source, home, "/.config" FILE_NAME);
    else
        return (struct file){.size = -ENOENT};
    if (in->trust != NULL)
        trust = in->trust(c->source);
    if (trust == CONFIG_TRUSTED)
        return read_file(c->source, in);
    if (trust == CONFIG_UNTRUSTED)
        c->ignored |= 1u << (is_xdg ? CONFIG_XDG_CONFIG_HOME : CONFIG_HOME);
    return (struct file){.size = -ENOENT};
}

static bool is_absent(long error)
{
    return error == -ENOENT || error == -ENOTDIR;
}

static bool load_table(struct config *c, const struct config_input *in, struct diag *d)
{
    const char *rules = value_of(in, CONFIG_RULES), *file = value_of(in, CONFIG_FILE);

    if (rules != NULL)
        return parse_rules(c, config_variable[CONFIG_RULES], rules, d);
    if (file != NULL) {
        if (!takes(c, CONFIG_FILE, file, false, in))
            return diag_whole(d, config_variable[CONFIG_FILE],
                              "other users can change what its path leads to, and this is root: "
                              "move the file");
        join(c->source, file, "");
        return config_read_table(&c->table, file, in, d);
    }
    struct file f = read_home_file(c, in);
    if (is_absent(f.size) || f.size == -EPERM) {
        join(c->source, "/etc", FILE_NAME);
        f = read_file(c->source, in);
    }
    return is_absent(f.size) ? parse_rules(c, "the default", TABLE_DEFAULT, d)
                             : parse_file(&c->table, c->source, f, in, d);
}

bool config_load(struct config *c, const struct config_input *in, struct diag *d)
{
    memset(c, 0, offsetof(struct config, table)); /* each setting to its first word */
    c->level = LEVEL_ERROR;
    c->table.count = 0;
    c->log_file[0] = c->source[0] = c->state[0] = '\0';
    /* The log comes first: the other errors are written to it. */
    return load_setting(c, CONFIG_LOG, in, d) && load_log_file(c, in, d) &&
           load_settings(c, in, d) && load_state(c, in, d) && load_table(c, in, d);
}

/*
 * What the REMAP variables and files say: which source of rules holds, and the settings
 * beside them.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/diag.h"
#include "core/table.h"

/* The variables that are read; config_variable[] has their names. */
enum config_key {
    CONFIG_RULES,
    CONFIG_FILE,
    CONFIG_WHEN,
    CONFIG_REPORT,
    CONFIG_CONNECT,
    CONFIG_LOG,
    CONFIG_LOG_FILE,
    CONFIG_STATE,
    CONFIG_EXEC,
    CONFIG_RUN,       /* for the preload engine alone: what config_load makes of it is nothing */
    CONFIG_DATAGRAMS, /* for the notify engine alone */
    CONFIG_XDG_RUNTIME_DIR,
    CONFIG_XDG_CONFIG_HOME,
    CONFIG_HOME,
    CONFIG_KEYS,
    CONFIG_OWN_KEYS = CONFIG_XDG_RUNTIME_DIR, /* those before it are this project's own */
};

extern const char *const config_variable[CONFIG_KEYS];

enum when {
    WHEN_ALWAYS,
    WHEN_DENIED, /* the asked port first; by the table only after EACCES */
};

enum report {
    REPORT_ASKED,
    REPORT_ACTUAL,
};

/* Which outgoing calls to this host's addresses are remapped. */
enum connect {
    CONNECT_REGISTRY, /* to endpoints that live in the registry */
    CONNECT_TABLE,    /* also to those that only the table names */
    CONNECT_OFF,
};

/* What becomes of a program that is executed with an environment that lost the variables. */
enum exec {
    EXEC_KEEP,    /* it gets them back */
    EXEC_INHERIT, /* it has what it was given */
};

enum level {
    LEVEL_OFF,
    LEVEL_ERROR,
    LEVEL_INFO,
    LEVEL_DEBUG,
};

enum {
    CONFIG_FILE_MAX = 65536, /* bytes in a file of rules */
    CONFIG_PATH_MAX = 4096,
};

struct config {
    /* First what each call looks at: it then lies on one page of memory. */
    enum when when;
    enum report report;
    enum connect connect;
    enum level level;
    enum exec exec;
    bool datagrams;
    struct table table;
    char log_file[CONFIG_PATH_MAX]; /* "" for stderr */
    char source[CONFIG_PATH_MAX];   /* where the table is from, for people */
    /*
     * The folder of the registry, unless it is off. One that is not `state_given` is
     * $XDG_RUNTIME_DIR/remap, or "" where that is not set.
     */
    char state[CONFIG_PATH_MAX];
    bool state_given, state_off;
};

/* Whether the value of REMAP_EXEC is EXEC_INHERIT, for who needs it before there is a struct config. */
bool config_is_inherit(const char *value);

/* Whether a value of the variable is a path, so that a relative one goes by the current folder. */
bool config_is_path(enum config_key key, const char *value);

/*
 * Where the values come from and files are read, so that the core does neither.
 * `value` returns a variable's value or NULL; it is borrowed until the call that
 * was handed this returns. `read` fills `buf` with the whole file and returns
 * its size, or a negative errno: -EFBIG for one that does not fit, -EACCES for one
 * that is there but may not be read, and -EPERM for one that cannot be known to be
 * there, since a folder on the way is closed. `buf` has room for CONFIG_FILE_MAX
 * bytes.
 */
struct config_input {
    const char *(*value)(enum config_key key);
    long (*read)(const char *path, char *buf, size_t size);
    char *buf;
};

/*
 * Fills *c in from the first source that is set: REMAP, REMAP_FILE,
 * $XDG_CONFIG_HOME/remap.conf (or ~/.config/remap.conf), /etc/remap.conf, else
 * TABLE_DEFAULT; and from the settings. An empty variable is one not set. False,
 * with *d filled in and *c fit only for its level and log_file, where something in
 * them is wrong.
 *
 * The two implicit files may be absent; the one of the home folder may also be
 * out of reach, since a program that changed its user still has the old HOME.
 */
bool config_load(struct config *c, const struct config_input *in, struct diag *d);

/* Appends the rules of the file at `path` to a table. As config_load, false with *d filled in. */
bool config_read_table(struct table *t, const char *path, const struct config_input *in,
                       struct diag *d);

/*
 * Reads a value of REMAP_WHEN, REMAP_REPORT, REMAP_CONNECT or REMAP_EXEC into the setting. False,
 * with *c untouched and *d filled in under the name `source`, where it is none.
 */
bool config_set(struct config *c, enum config_key key, const char *value, const char *source,
                struct diag *d);

#endif

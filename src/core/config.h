/* The configuration: the table from the first source that is set, and the settings. */
#pragma once

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
    CONFIG_RUN,       /* of the preload engine only; config_load ignores it */
    CONFIG_DATAGRAMS, /* of the notify engine only */
    CONFIG_SOCKETS,   /* where the passed sockets are (linux/passed.h); config_load ignores it */
    CONFIG_XDG_RUNTIME_DIR,
    CONFIG_XDG_CONFIG_HOME,
    CONFIG_HOME,
    CONFIG_KEYS,
    CONFIG_OWN_KEYS = CONFIG_XDG_RUNTIME_DIR, /* the keys before it are variables of this project */
};

extern const char *const config_variable[CONFIG_KEYS];

enum when {
    WHEN_ALWAYS,
    WHEN_DENIED, /* try the asked port first; apply the table only after EACCES */
};

enum report {
    REPORT_ASKED,
    REPORT_ACTUAL,
};

/* Which outgoing calls to this host's addresses are remapped. */
enum connect {
    CONNECT_REGISTRY, /* to endpoints of running servers */
    CONNECT_TABLE,    /* also to endpoints that only the table names */
    CONNECT_OFF,
};

/* What exec does with an environment that lost the variables. */
enum exec {
    EXEC_KEEP,    /* puts them back */
    EXEC_INHERIT, /* leaves it alone */
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
    /* The settings, which each call reads, come first, so that they share a page. */
    enum when when;
    enum report report;
    enum connect connect;
    enum level level;
    enum exec exec;
    int datagrams; /* 0 or 1 */
    bool state_given, state_off;
    unsigned ignored; /* a bit for each key that counts as not set, since its path is not trusted */
    struct table table;
    char log_file[CONFIG_PATH_MAX]; /* "" for stderr */
    char source[CONFIG_PATH_MAX];   /* where the table comes from, for messages */
    /*
     * The folder of the registry, unless `state_off`. If not `state_given`, it is
     * $XDG_RUNTIME_DIR/remap, or "" if that variable is not set.
     */
    char state[CONFIG_PATH_MAX];
};

/* Returns whether a value of REMAP_EXEC means EXEC_INHERIT. Needs no struct config. */
bool config_is_inherit(const char *value);

/* Returns whether a value of the variable is a path, which may be relative. */
bool config_is_path(enum config_key key, const char *value);

/* What root may take from a variable, which another user may have set. */
enum config_trust {
    CONFIG_TRUSTED,          /* no other user can change what the path leads to */
    CONFIG_TRUSTED_IF_MADE,  /* it does not exist, and another user can make it first */
    CONFIG_UNTRUSTED,        /* another user can change it */
    CONFIG_UNTRUSTED_ABSENT, /* the same, and it does not exist */
};

/* What is printed of a variable that is in config.ignored, after its name. */
#define CONFIG_IGNORED                                                                             \
    " is ignored: this is root, and other users can change what its path leads to"

/*
 * How to get at variables and files: core does no I/O itself.
 *
 * `value` returns the value of a variable, or NULL. The value is borrowed until the
 * function that got this struct returns.
 *
 * `read` reads a whole file into `buf`, which has room for CONFIG_FILE_MAX bytes. Returns
 * the size, or a negative errno: -EFBIG if the file does not fit, -EACCES if it exists
 * but cannot be read, -EPERM if a folder in its path is closed. Sets *is_secret if no message may
 * show text of the file.
 *
 * `trust` says of a path in a variable whether this process may rely on it. NULL: on all.
 */
struct config_input {
    const char *(*value)(enum config_key key);
    long (*read)(const char *path, char *buf, size_t size, bool *is_secret);
    enum config_trust (*trust)(const char *path);
    char *buf;
};

/*
 * Fills in all of *c. The table comes from the first source that is set: REMAP,
 * REMAP_FILE, $XDG_CONFIG_HOME/remap.conf (or ~/.config/remap.conf), /etc/remap.conf,
 * else TABLE_DEFAULT. An empty variable counts as not set. Returns false with *d filled
 * in if a value is invalid; only level and log_file of *c are then valid.
 *
 * The two implicit files may be absent. The one in the home folder may also be
 * unreachable: a program that changed its user still has the old HOME.
 *
 * A path that is not trusted counts as not set, and is in `ignored`; that of REMAP_FILE is an
 * error, since another table could do harm.
 */
bool config_load(struct config *c, const struct config_input *in, struct diag *d);

/* Appends the rules of a file to a table. Returns false with *d filled in on an error. */
bool config_read_table(struct table *t, const char *path, const struct config_input *in,
                       struct diag *d);

/*
 * Sets the setting `key` from a word. Returns false with *c untouched and *d filled in,
 * with `source` as its name, if the setting has no such word.
 */
bool config_set(struct config *c, enum config_key key, const char *value, const char *source,
                struct diag *d);

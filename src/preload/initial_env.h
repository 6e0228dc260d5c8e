/* The environment as it was when the program started. */
#pragma once

#include "core/config.h"

/*
 * Copies the values of config.h's variables, the element of LD_PRELOAD that is this library, and what
 * sockets were passed (sd_listen_fds(3)).
 * Programs overwrite and clean their environment before they bind (sshd, nginx, postfix), so
 * nothing here points into it afterwards. Relative paths become absolute, since daemons change
 * their folder. A program that gained privileges by exec (AT_SECURE, getauxval(3)) gets no
 * values. For the constructor only. translate/engine.h has the functions that read the values.
 */
void initial_env_capture(void);

/* Returns the value in a string "NAME=value" if it is that of `name`, else NULL. */
const char *initial_env_match(const char *variable, const char *name);

/* Returns whether a string "NAME=value" can be one of config.h's variables or of the loader's. */
bool initial_env_may_match(const char *variable);

/* Sets values[key] from a string "NAME=value" if it has the name of `key` and none is set yet. */
void initial_env_collect(const char *variable, const char *values[CONFIG_KEYS]);

/* Returns what was copied as a string "NAME=value", or NULL if it was not set. */
const char *initial_env_variable(enum config_key key);

/* Returns the element of LD_PRELOAD that is this library, or NULL if none was. */
const char *initial_env_preload(void);

/* The sockets that were passed to this process, or to the one that it is a child of by fork(2). */
struct initial_env_passed {
    int count;         /* 0 if there are none */
    const char *names; /* LISTEN_FDNAMES, or NULL */
};
struct initial_env_passed initial_env_passed(void);

/* An element of LD_PRELOAD (ld.so(8)). It is not ended by a NUL. None has the size 0. */
struct initial_env_library {
    const char *text;
    size_t size;
};

/* Returns the first element of the list, or of what is left of it. */
struct initial_env_library initial_env_first(const char *list);

/* Returns the first element with the same part after the last slash as `library`. */
struct initial_env_library initial_env_find(const char *list,
                                            const struct initial_env_library *library);

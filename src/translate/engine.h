/*
 * What this room asks of the engine that it is part of: each engine defines these, for
 * the program whose call is being translated.
 */
#ifndef TRANSLATE_ENGINE_H
#define TRANSLATE_ENGINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/config.h"
#include "registry/registry.h"

extern const enum engine engine_kind;

pid_t engine_pid(void);

/* The program's name (PR_GET_NAME), as it was when it was first asked for, or is now. */
void engine_program(char name[16]);

/*
 * A number that this descriptor's socket has for as long as the program uses it; others
 * may have it before and after.
 */
int engine_socket(int fd);

/*
 * Returns whether the program may have a socket of AF_INET or AF_INET6 without ports: only then does
 * a socket have to be asked.
 */
bool engine_may_be_portless(void);

/*
 * A descriptor of the program's standard error; -1 where there is none, or writing there
 * would hold the engine up. One that is not STDERR_FILENO is the caller's to close.
 */
int engine_stderr(void);

/*
 * The value of a variable when the program, or the tree, was started; NULL where it was
 * not set. Belongs to the engine.
 */
const char *engine_value(enum config_key key);

/* Whether a value was too long to be kept; *key says which. */
bool engine_lost(enum config_key *key);

#endif

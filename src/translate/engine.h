/*
 * What translate asks of the engine that it is part of. Each engine defines these, for the
 * program whose call is being translated.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/config.h"
#include "linux/passed.h"
#include "registry/registry.h"

extern const enum engine engine_kind;

/* Returns 0 if that is not known. */
pid_t engine_pid(void);

/* Returns the pid namespace that engine_pid() is of, as the inode of /proc/self/ns/pid, or 0. */
uint32_t engine_pid_namespace(void);

/* Returns the number of the program's network namespace, as netns_of_socket() does. */
uint64_t engine_netns(int fd);

/* What follows takes a millisecond or more: other programs do not have to wait for it. */
void engine_begins_long_work(void);

/* Copies the program's name (PR_GET_NAME), which may be that of an earlier call. */
void engine_program(char name[16]);

/*
 * Returns a number that the socket of this descriptor keeps while the program uses it.
 * Another socket may have it before or after.
 */
int engine_socket(int fd);

/*
 * Returns true if the program may have an AF_INET or AF_INET6 socket without ports. Only then
 * does a socket have to be asked.
 */
bool engine_may_be_portless(void);

/*
 * Returns a descriptor of the program's standard error, or -1 if it has none for lines of this
 * library. The caller closes it unless it is STDERR_FILENO.
 */
int engine_stderr(void);

/*
 * Returns the value that a variable had when the program, or the tree, was started, or NULL.
 * The value belongs to the engine.
 */
const char *engine_value(enum config_key key);

/*
 * Puts the socket `with` in the place of the program's descriptor `fd`, which keeps its number and
 * FD_CLOEXEC. Returns -1, with errno, if that fails.
 */
int engine_replace(int fd, int with) __attribute__((warn_unused_result));

/*
 * Without a keeper: returns a duplicate of the socket that was passed to the program itself and fits
 * the request, or -1 with errno.
 */
int engine_passed(const struct passed_request *request) __attribute__((warn_unused_result));

/* Returns true if a value was too long to be kept, and which. */
bool engine_lost(enum config_key *key);
